// What an edit does to remarks (XML comments, processing instructions): they stay where their neighbours are, and none is
// lost.
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
  <!-- within two -->
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
// So it does with an id: whether somebody took it away, gave it another id or dissolved it cannot be told.
assert.equal(withRemarks('<p><x id="x"><!-- kept --></x><y/></p>', '<p><y/></p>'), '<p><!-- kept --><y/></p>');
assert.equal(withRemarks('<p><s id="S"><!-- x --><t/></s></p>', '<p><s id="S2"><t/></s></p>'), '<p><s id="S2"><t/></s>  <!-- x --></p>');
assert.equal(withRemarks('<p><s id="S"><t id="T"/><!-- after --></s><u/></p>', '<p><t id="T"/><u/></p>'), '<p><t id="T"/><!-- after --><u/></p>');
assert.equal(withRemarks('<p id="p"><!-- all --></p>', '<q id="q"/>'), '<q id="q"/>\n<!-- all -->');

// Tens of thousands take no time to speak of, whether what they stood before is there or gone, flat or nested.
const many = Array.from({ length: 40_000 }, (_, at) => `<!-- ${at} --><t id="t${at}"/>`).join('');
const nested = Array.from({ length: 2_000 }, (_, at) => `<n id="n${at}"><!-- deep ${at} -->`).join('') + '</n>'.repeat(2_000);
const began = performance.now();
const kept = withRemarks(`<p>${many}${nested}</p>`, '<p><y/></p>');
assert.equal(kept.match(/<!--/g).length, 42_000);
assert.ok(performance.now() - began < 8_000, `${performance.now() - began} ms`);
