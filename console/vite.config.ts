import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The console is served at `/console/` of the entrance `portal`, whose policy allows files of its own origin only: nothing inline. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  plugins: [react()],
  // Panels of subgraphs import it by this name.
  resolve: { alias: { '@signet/console': `${import.meta.dirname}/src/panels.ts` } },
  build: {
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    sourcemap: true,
    rolldownOptions: {
      output: {
        // The gateway serves names with one dot.
        chunkFileNames: ({ name }) => `assets/${name.replaceAll('.', '-')}-[hash].js`,
      },
    },
  },
  server: { fs: { allow: ['..'] } },
});
