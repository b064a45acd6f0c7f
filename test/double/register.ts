/** `node --import ./test/double/register.ts out/main/index.js`: the built main process, with `electron` replaced. */
import { registerHooks } from 'node:module';

const double = new URL('./electron.ts', import.meta.url).href;
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'electron' || specifier === 'electron/main') return { url: double, format: 'module-typescript', shortCircuit: true };
    return next(specifier, context);
  },
});
