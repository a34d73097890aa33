// Builds one hashed bundle per page entry, with a manifest that web/assets.py reads. No data: addresses, so that a
// content security policy of 'self' is enough.
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Markup that libraries write with style attributes, which our policy forbids: in drawings the same is said by plain
// attributes; the one other place (the properties panel's height) stands in studio.css.
const WITH_STYLES = /(?:AlignElements|DistributeElements)Icons\.js|bpmn-js-properties-panel/;
const withoutStyleAttributes = {
  name: 'without-style-attributes',
  transform(code, id) {
    if (WITH_STYLES.test(id)) {
      return { code: code.replace(/style="([^"$]*)"/g, (_, style) => asAttributes(style)), map: null };
    }
  },
};

function asAttributes(style) {
  const rules = style.split(';').map((rule) => rule.split(':').map((part) => part.trim()));
  return rules.filter(([name, value]) => name && value).map(([name, value]) => `${name}="${value}"`).join(' ');
}

export default defineConfig({
  base: './',
  plugins: [withoutStyleAttributes],
  resolve: { dedupe: ['preact'] }, // form-js' editor brings another, and two do not know of each other's hooks
  publicDir: false,
  build: {
    outDir: here('../static/dist'),
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 1500,
    rollupOptions: { input: ['viewer', 'studio', 'tables', 'forms', 'letters', 'comments'].map((entry) => here(`src/${entry}.js`)) },
  },
});
