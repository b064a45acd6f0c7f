/** Sloth's SLO files, `version: prometheus/v1`, and its Kubernetes object PrometheusServiceLevel, which spells fields in camel case. */
import { labelPairs, labelsFrom, type DurationMs, type Labels } from '#core/model/index.ts';
import { burnWindows, type AlertText, type SloAlerting, type SloIndicator, type SloSpec } from './slo-spec.ts';
import { boolean, listOf, number, optional, pairsOf, record, required, text, type Decode } from './yaml-decode.ts';
import { isYamlNull, yamlError, type YamlMap, type YamlNode } from './yaml.ts';

const labels: Decode<Labels> = (node) => (isYamlNull(node) ? [] : labelsFrom(pairsOf(text)(node)));
const anything: Decode<YamlNode | undefined> = (node) => node;

interface Names {
  readonly errorQuery: string;
  readonly totalQuery: string;
  readonly errorRatioQuery: string;
  readonly pageAlert: string;
  readonly ticketAlert: string;
}
const snake: Names = {
  errorQuery: 'error_query',
  totalQuery: 'total_query',
  errorRatioQuery: 'error_ratio_query',
  pageAlert: 'page_alert',
  ticketAlert: 'ticket_alert',
};
const camel: Names = {
  errorQuery: 'errorQuery',
  totalQuery: 'totalQuery',
  errorRatioQuery: 'errorRatioQuery',
  pageAlert: 'pageAlert',
  ticketAlert: 'ticketAlert',
};

/** Throws EngineError `invalid` as "FILE:LINE: reason". */
export function readSloth(document: YamlMap, periodMs: DurationMs): SloSpec[] {
  const isObject = document.entries.has('apiVersion');
  const names = isObject ? camel : snake;
  const body = isObject ? specOf(document) : document;
  const fields = record('SLO file', {
    ...(!isObject && { version: required('version', text) }),
    service: required('service', text),
    labels: optional('labels', labels, [] as Labels),
    slos: required('slos', listOf(objective(names))),
  })(body);
  if (!isObject && text(document.entries.get('version')!.value) !== 'prometheus/v1')
    throw yamlError(document.entries.get('version')!.value, 'the version must be prometheus/v1');
  return fields.slos.map((slo) => ({
    ...slo,
    form: 'prometheus/v1',
    service: fields.service,
    labels: labelsFrom([...labelPairs(fields.labels), ...labelPairs(slo.labels)]),
    periodMs,
  }));
}

function specOf(document: YamlMap): YamlNode {
  const spec = document.entries.get('spec')?.value;
  if (spec === undefined) throw yamlError(document, 'a PrometheusServiceLevel needs the field "spec"');
  return spec;
}

type Objective = Omit<SloSpec, 'form' | 'service' | 'periodMs'>;

function objective(names: Names): Decode<Objective> {
  const shape = record('slo', {
    name: required('name', text),
    objective: required('objective', number),
    description: optional('description', text, ''),
    labels: optional('labels', labels, [] as Labels),
    sli: required('sli', anything),
    alerting: optional('alerting', anything, undefined),
  });
  return (node) => {
    const fields = shape(node);
    if (!(fields.objective > 0 && fields.objective < 100))
      throw yamlError(node, `the objective ${fields.objective} must lie between 0 and 100 per cent`);
    return {
      file: node.file,
      line: node.line,
      name: fields.name,
      title: '',
      description: fields.description,
      labels: fields.labels,
      objective: fields.objective,
      indicator: indicator(names, fields.sli!),
      alerting: alerting(names, fields.alerting, node),
    };
  };
}

function indicator(names: Names, node: YamlNode): SloIndicator {
  const fields = record('sli', {
    events: optional('events', record('events', { errors: required(names.errorQuery, text), total: required(names.totalQuery, text) }), undefined),
    raw: optional('raw', record('raw', { query: required(names.errorRatioQuery, text) }), undefined),
    plugin: optional('plugin', anything, undefined),
  })(node);
  if (fields.plugin !== undefined)
    throw yamlError(fields.plugin, 'SLI plugins of Sloth are not yet supported; write the queries out under "events" or "raw"');
  if (fields.events !== undefined) return { kind: 'events', of: 'bad', query: fields.events.errors, total: fields.events.total, counter: true };
  if (fields.raw !== undefined) return { kind: 'ratio', of: 'bad', query: fields.raw.query };
  throw yamlError(node, 'an sli needs "events" or "raw"');
}

const alertShape = record('alert', {
  disable: optional('disable', boolean, false),
  labels: optional('labels', labels, [] as Labels),
  annotations: optional('annotations', labels, [] as Labels),
});
type Alert = ReturnType<typeof alertShape>;
const noAlert: Alert = { disable: false, labels: [], annotations: [] };

function alerting(names: Names, node: YamlNode | undefined, slo: YamlNode): SloAlerting {
  if (node === undefined) throw yamlError(slo, 'an slo needs "alerting": a name, or page and ticket alerts that are disabled');
  const fields = record('alerting', {
    name: optional('name', text, ''),
    labels: optional('labels', labels, [] as Labels),
    annotations: optional('annotations', labels, [] as Labels),
    page: optional(names.pageAlert, alertShape, noAlert),
    ticket: optional(names.ticketAlert, alertShape, noAlert),
  })(node);
  const windows = burnWindows.filter(({ severity }) => !fields[severity].disable);
  if (windows.length > 0 && fields.name === '') throw yamlError(node, 'alerting needs the field "name"');
  const merged = (own: Alert): AlertText => ({
    labels: labelsFrom([...labelPairs(fields.labels), ...labelPairs(own.labels)]),
    annotations: labelsFrom([...labelPairs(fields.annotations), ...labelPairs(own.annotations)]),
  });
  return { name: fields.name, windows, page: merged(fields.page), ticket: merged(fields.ticket), minEvents: 0 };
}
