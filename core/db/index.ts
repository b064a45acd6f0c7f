/** The SQLite shell: handles, transactions, migrations. SQL lives with the module whose tables it reads. */
export {
  openDb,
  openReadDb,
  closeDb,
  checkpoint,
  backup,
  copyDb,
  quickCheck,
  isCorrupt,
  transaction,
  lazyTransaction,
  giveBackRoom,
  sql,
  sqliteVersion,
} from './open.ts';
export { holdFolder } from './hold.ts';
export { diskOf, Reserve, reserveBytes } from './reserve.ts';
export type { HeldFolder } from './hold.ts';
export type { ReadDb, WriteDb } from './open.ts';
export type { StoreName } from './migrations/migration.ts';
