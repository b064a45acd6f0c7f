import { targetGroup, type TargetGroup } from './scrape-config.ts';
import { listOf } from './yaml-decode.ts';
import { isYamlNull, readYaml } from './yaml.ts';

/**
 * Target groups in a file of `file_sd_configs` or an answer to `http_sd_configs`: a list of `targets` and `labels`, in YAML or
 * in JSON, which YAML contains. `source` names it in errors. Throws EngineError `invalid` or `limit`.
 */
export function readTargetGroups(content: string, source: string): readonly TargetGroup[] {
  const root = readYaml(content, source);
  return isYamlNull(root) ? [] : listOf(targetGroup)(root);
}
