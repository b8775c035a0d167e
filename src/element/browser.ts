/** What the one script tag runs: `<script src="sagitta-search.js" defer></script>`. */
import { defineSagittaSearch } from './element.ts';

defineSagittaSearch();
