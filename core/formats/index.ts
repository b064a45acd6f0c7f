/** Pure codecs between bytes or text and the model, one file a format. Nothing here reads files, sockets or clocks. */
export { readYaml, readYamlDocuments, type YamlNode, type YamlScalar, type YamlList, type YamlMap, type YamlEntry } from './yaml.ts';
export { parseAlertmanagerConfig, defaultAlertmanagerConfig, type AlertmanagerConfig } from './alertmanager-config.ts';
export type { RouteConfig, InhibitRule } from './alertmanager-config.ts';
export type { Integration, Receiver, DesktopSettings, LogSettings, WebhookSettings } from './alertmanager-receivers.ts';
export type { SlackSettings, SlackAction, PagerdutySettings, EmailSettings } from './alertmanager-receivers.ts';
export { plainHttp, type HttpSettings, type TlsSettings } from './alertmanager-http.ts';
export type { NamedInterval, TimeInterval } from './alertmanager-times.ts';
export { parseMatcher, parseMatchers, formatMatchers, matchesEmpty } from './alertmanager-matchers.ts';
export { parseTemplate } from './go-template/parse.ts';
export { renderTemplate } from './go-template/render.ts';
export { goLabels, goTime, prometheusFunctions, textFunctions } from './go-template/functions.ts';
export { goAwaitedFunction, goFunction, goStringMap, goStruct, goVariadic } from './go-template/value.ts';
export type { GoFunction, GoFunctions, GoObject, GoValue } from './go-template/value.ts';
export type { Template } from './go-template/tree.ts';
export { labelsUsed } from './go-template/labels-used.ts';
export { readRuleFile, type NamedTemplate, type RuleFileReading, type RuleGroupSpec, type RuleSpec } from './rule-file.ts';
export { readRuleTestFile, type AlertTest, type QueryTest, type RuleTest, type RuleTestFile } from './rule-test-file.ts';
export { readSloFile, type SloFileReading } from './slo-file.ts';
export { writeOpenSlo } from './slo-write.ts';
export { burnWindows, type BurnWindow, type SloAlerting, type SloIndicator, type SloSpec } from './slo-spec.ts';
export { ExpositionReader, ExpositionColumns, type ExpositionPage, type PageFormat, type PageReader } from './exposition/reader.ts';
export { ProtobufReader } from './exposition/protobuf.ts';
export { checkOpenMetrics, type OpenMetricsProblem } from './exposition/openmetrics.ts';
export { sortedPairs } from './exposition/line.ts';
export { parseSignalboxConfig, defaultIntakeLimits, type SignalboxConfig, type IntakeLimits } from './signalbox-config.ts';
export type { ScrapeConfig, ScrapeLimits, ScrapeProtocol, TargetGroup, FileSource, HttpSource } from './scrape-config.ts';
export { hashMod, type RelabelAction, type RelabelRule } from './relabel-config.ts';
export { LineCache } from './line-cache.ts';
export { snappyDecode } from './snappy.ts';
export { readRemoteWrite1, readRemoteWrite2, RemoteWriteColumns, type SymbolTable } from './remote-write.ts';
export { remoteWriteLabels, remoteWriteTypes, symbolText } from './remote-write.ts';
export { readOtlpMetrics, readOtlpMetricsJson, otlpText, addBuckets, coarser, nativeHistogram } from './otlp/index.ts';
export { prometheusLabel, prometheusName, prometheusUnit } from './otlp/index.ts';
export type { OtlpAttributes, OtlpExemplar, OtlpMetric, OtlpPoint, OtlpResourceMetrics, OtlpScopeMetrics } from './otlp/index.ts';
export {
  readSpanText,
  readOtlpSpans,
  readOtlpSpansJson,
  readZipkinJson,
  readZipkinProto,
  writeOtlpJson,
  type ReadFault,
  type SpanReading,
} from './spans/index.ts';
export { formatTraceparent, parseTraceparent, parseTracestate, parseB3, type TraceContext } from './spans/index.ts';
export { readTargetGroups } from './target-file.ts';
export { LogLines, type LineFault, type LogFileReport, type LogSource } from './logs/index.ts';
