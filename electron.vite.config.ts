import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const at = (path: string): string => resolve(import.meta.dirname, path);

/** The hosts serve what stands in this list and look at nothing else (main/web/assets.ts). */
const assetList: Plugin = {
  name: 'signalbox-asset-list',
  writeBundle: ({ dir }, bundle) => writeFileSync(join(dir!, 'assets.json'), JSON.stringify(Object.keys(bundle).sort())),
};

export default defineConfig({
  main: {
    build: {
      outDir: at('out/main'),
      target: 'node24', // electron-vite's own table of Electron versions ends at 44
      externalizeDeps: true,
      minify: false,
      rolldownOptions: {
        input: {
          index: at('main/index.ts'),
          cli: at('main/cli.ts'),
          'engine-entry': at('main/engine-entry.ts'),
          'reader-entry': at('main/reader-entry.ts'),
          'practice-entry': at('main/practice-entry.ts'),
          'importer-entry': at('main/importer-entry.ts'),
          'ahead-entry': at('main/ahead-entry.ts'),
          'packer-entry': at('main/packer-entry.ts'),
        },
        // What stays outside is imported where it is used only: the reader needs no SQLite.
        treeshake: { moduleSideEffects: (_id, external) => !external },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: at('out/preload'),
      target: 'node24',
      externalizeDeps: false, // a sandboxed preload can require nothing but electron
      rolldownOptions: {
        input: { index: at('preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  },
  renderer: {
    root: at('renderer'),
    plugins: [svelte(), assetList],
    build: {
      outDir: at('out/renderer'),
      target: 'chrome150',
      minify: true, // electron-vite turns it off
      rolldownOptions: { input: { index: at('renderer/index.html') } },
    },
  },
});
