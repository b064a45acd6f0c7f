import { boolean, listOf, oneOf, optional, record, text, type Decode } from './yaml-decode.ts';
import { yamlError, type YamlNode } from './yaml.ts';

/** `otlp` of a prometheus.yml: what of a resource becomes labels of its metrics. */
export interface OtlpConfig {
  /** Attributes of a resource that become labels of every series, beside being labels of target_info: these, or all but those ignored. */
  readonly promoted: readonly string[] | 'all';
  readonly ignored: readonly string[];
  /** service.name, service.namespace and service.instance.id are labels of target_info too. */
  readonly keepsIdentifying: boolean;
}

export const defaultOtlpConfig: OtlpConfig = { promoted: [], ignored: [], keepsIdentifying: false };

const strategies = ['UnderscoreEscapingWithSuffixes', 'UnderscoreEscapingWithoutSuffixes', 'NoUTF8EscapingWithSuffixes', 'NoTranslation'] as const;

const fields = record('otlp', {
  promoted: optional('promote_resource_attributes', listOf(text), []),
  promotesAll: optional('promote_all_resource_attributes', boolean, false),
  ignored: optional('ignore_resource_attributes', listOf(text), []),
  keepsIdentifying: optional('keep_identifying_resource_attributes', boolean, false),
  strategy: optional('translation_strategy', oneOf(...strategies), strategies[0]),
  toCustomBuckets: optional('convert_histograms_to_nhcb', boolean, false),
  /** Scopes are always labels: OpenTelemetry's specification asks for it. */
  scopes: optional('promote_scope_metadata', boolean, true),
  underscoreLabels: optional('label_name_underscore_sanitization', boolean, true),
  manyUnderscores: optional('label_name_preserve_multiple_underscores', boolean, true),
});

/** `warn` takes what is understood but not yet supported. */
export function otlpConfig(warn: (node: YamlNode, sentence: string) => void): Decode<OtlpConfig> {
  return (node) => {
    const { promoted, promotesAll, ignored, keepsIdentifying, strategy, toCustomBuckets } = fields(node);
    if (promotesAll && promoted.length > 0)
      throw yamlError(node, 'only one of promote_all_resource_attributes and promote_resource_attributes may be set');
    if (strategy !== strategies[0])
      warn(node, `translation_strategy: ${strategy} of otlp is not yet supported, names are made as by ${strategies[0]}`);
    if (toCustomBuckets) warn(node, 'convert_histograms_to_nhcb of otlp is not yet supported');
    return { promoted: promotesAll ? 'all' : promoted, ignored, keepsIdentifying };
  };
}
