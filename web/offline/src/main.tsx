import { render } from 'preact';
import { App } from './app.tsx';
import '../../src/base.css';
import './offline.css';

render(<App />, document.getElementById('app')!);
