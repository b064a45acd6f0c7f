/** Pure codecs between bytes or text and the model, one file a format. Nothing here reads files, sockets or clocks. */
export { readYaml, readYamlDocuments } from './yaml.ts';
export type { YamlNode, YamlScalar, YamlList, YamlMap, YamlEntry } from './yaml.ts';
export { parseAlertmanagerConfig, defaultAlertmanagerConfig } from './alertmanager-config.ts';
export type { AlertmanagerConfig, RouteConfig, InhibitRule } from './alertmanager-config.ts';
export type { Integration, Receiver } from './alertmanager-receivers.ts';
export type { HttpSettings, TlsSettings } from './alertmanager-http.ts';
export type { NamedInterval, TimeInterval } from './alertmanager-times.ts';
export { parseMatcher, parseMatchers, formatMatchers, matchesEmpty } from './alertmanager-matchers.ts';
export { ExpositionReader, ExpositionColumns } from './exposition.ts';
export type { ExpositionPage, PageExemplar } from './exposition.ts';
export type { ExpositionFormat } from './exposition-line.ts';
export { parseTemplate } from './go-template/parse.ts';
export { renderTemplate } from './go-template/render.ts';
export { goLabels, goTime, prometheusFunctions, textFunctions } from './go-template/functions.ts';
export { goAwaitedFunction, goFunction, goStringMap, goStruct, goVariadic } from './go-template/value.ts';
export type { GoFunction, GoFunctions, GoObject, GoValue } from './go-template/value.ts';
export type { Template } from './go-template/tree.ts';
