import { render } from 'preact';
import { App } from './app.tsx';
import './base.css';
import './search.css';
import './document.css';

render(<App />, document.getElementById('app')!);
