// What an edit does to remarks (XML comments, processing instructions): they stay where their neighbours are, and go only
// with what they stood in.
import assert from 'node:assert/strict';

import { withRemarks } from '../src/studio/editor/kept.js';

const source = `<?xml version="1.0"?>
<?style href="a.xsl"?>
<a:process id="p" xmlns:a="urn:a">
  <!-- of one -->
  <a:task id="one" note="a > b"><a:text>x<!-- in words -->y</a:text></a:task>
  <!-- of two --><?tool two?>
  <a:task id="two"><!-- within two --></a:task>
  <!-- of three -->
  <a:task id="three" />
  <!-- last -->
</a:process>`;

// Nothing to keep: the very text.
assert.equal(withRemarks('<?xml version="1.0"?><a/>', '<a>\n</a>'), '<a>\n</a>');

// Two is taken away, one is emptied, three stands before one and a fourth is new.
const written = `<?xml version="1.0" encoding="UTF-8"?>
<a:process id="p" xmlns:a="urn:a">
  <a:task id="three" />
  <a:task id="one" note="a &gt; b" />
  <a:task id="four" note="<!-- no remark -->" />
</a:process>
`;
assert.equal(
  withRemarks(source, written),
  `<?xml version="1.0" encoding="UTF-8"?>
<?style href="a.xsl"?>
<a:process id="p" xmlns:a="urn:a">
  <!-- of two -->
  <?tool two?>
  <!-- of three -->
  <a:task id="three" />
  <!-- of one -->
  <!-- in words -->
  <a:task id="one" note="a &gt; b" />
  <a:task id="four" note="<!-- no remark -->" />
  <!-- last -->
</a:process>
`,
);

// What stood in an element without an id that is gone stays in what that stood in.
assert.equal(withRemarks('<p><x><!-- kept --></x><y/></p>', '<p><y/></p>'), '<p><!-- kept --><y/></p>');
// With an id, somebody took it away.
assert.equal(withRemarks('<p><x id="x"><!-- gone --></x><y/></p>', '<p><y/></p>'), '<p><y/></p>');
