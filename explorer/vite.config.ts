import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/**
 * Files for a page that the gateway writes (gateway/src/pages/pages.ts), which finds the first of them in the manifest. Its policy allows
 * files of its own origin only.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/explorer/',
  plugins: [react()],
  build: {
    assetsInlineLimit: 0,
    // The editors and the parser of GraphQL: the page needs them at once.
    chunkSizeWarningLimit: 1000,
    modulePreload: { polyfill: false },
    target: 'es2023',
    manifest: 'manifest.json',
    rolldownOptions: { input: `${import.meta.dirname}/src/main.tsx` },
  },
});
