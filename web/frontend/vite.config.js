// Builds one hashed bundle per page entry, with a manifest that web/assets.py reads. No data: addresses, so that a
// content security policy of 'self' is enough.
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    outDir: here('../static/dist'),
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    chunkSizeWarningLimit: 900,
    rollupOptions: { input: [here('src/viewer.js'), here('src/editor.js')] },
  },
});
