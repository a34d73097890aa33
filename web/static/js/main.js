// The small behaviours of the desk. Each finds its own elements by a data- attribute; every page works without them.
import './hide-rule.js';
import './check-row.js';
import './files.js';
import './unsaved.js';
import './focus.js';
import './middle.js';
