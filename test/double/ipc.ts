import { EventEmitter } from 'node:events';
import { strict } from './basis.ts';

/** Only one-way messages and transferred ports; `invoke` is not used by the app. */
export const ipcMain = strict('ipcMain', new EventEmitter());
