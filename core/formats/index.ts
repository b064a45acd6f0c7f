/** Pure codecs between bytes or text and the model, one file a format. Nothing here reads files, sockets or clocks. */
export { readYaml, readYamlDocuments } from './yaml.ts';
export type { YamlNode, YamlScalar, YamlList, YamlMap, YamlEntry } from './yaml.ts';
