/** The files that configure the engine: which there are, what they say, and what is wrong with them. */
export { ConfigFiles } from './files.ts';
export type { Config, ConfigOptions, NamedText } from './files.ts';
export { removeFile, routesFile, saveFile, saveSloFile, sloFolderOf } from './save.ts';
export { nodeExporter } from './builtin.ts';
export { AttributeFile } from './attributes.ts';
