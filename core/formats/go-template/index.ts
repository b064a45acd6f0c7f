/** Go's text/template as Prometheus and Alertmanager use it: parsing, rendering, values, and the functions of both. */
export { parseTemplate } from './parse.ts';
export { renderTemplate } from './render.ts';
export { formatFloat } from './number.ts';
export { labelsUsed } from './labels-used.ts';
export { goLabels, prometheusFunctions, tableLink, textFunctions, titleCase } from './functions.ts';
export { goDuration, goTime, goZeroTime, instantOf } from './time.ts';
export { goAwaitedFunction, goFunction, goStringMap, goStruct, goVariadic } from './value.ts';
export type { GoFunction, GoFunctions, GoObject, GoValue } from './value.ts';
export type { Template } from './tree.ts';
