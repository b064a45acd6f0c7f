import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigFiles, type Config } from '#core/config/index.ts';
import { ManualClock } from '../../support/clock.ts';
import { tempFolder } from '../../support/folder.ts';

function setup(file?: string, write: (folder: string) => void = () => undefined) {
  const dataDir = tempFolder();
  write(dataDir);
  const clock = new ManualClock();
  const seen: Config[] = [];
  const config = new ConfigFiles({ dataDir, file: file === undefined ? undefined : join(dataDir, file), clock, onChange: (now) => seen.push(now) });
  onTestFinished(() => config.stop());
  let stampSeconds = 1_800_000_000;
  const save = (name: string, text: string): void => {
    writeFileSync(join(dataDir, name), text);
    utimesSync(join(dataDir, name), ++stampSeconds, stampSeconds);
  };
  return { dataDir, clock, seen, config, save };
}

test('without a file the built-in settings and rules are in force, and a node exporter joins when it is found', () => {
  const { config, seen } = setup();
  expect(config.current).toMatchObject({ file: '', problems: [] });
  expect(config.current.settings.scrapeConfigs).toEqual([]);
  expect(config.current.ruleFiles.map(({ path }) => path)).toEqual(['built-in rules']);
  config.foundNodeExporter();
  expect(seen.at(-1)!.settings.scrapeConfigs.map(({ job }) => job)).toEqual(['node']);
});

test('a plain prometheus.yml of the data dir is taken as it is', () => {
  const { config } = setup(undefined, (folder) =>
    writeFileSync(join(folder, 'prometheus.yml'), "scrape_configs: [{job_name: a, static_configs: [{targets: ['127.0.0.1:1']}]}]\n"),
  );
  expect(config.current.settings.scrapeConfigs.map(({ job }) => job)).toEqual(['a']);
});

test('scrape_config_files bring more jobs, and are read again when they change; two jobs of one name are refused', async () => {
  const { config, clock, save } = setup(undefined, (folder) => {
    writeFileSync(
      join(folder, 'prometheus.yml'),
      'global: {scrape_interval: 7s}\nscrape_config_files: [jobs/*.yml]\nscrape_configs: [{job_name: a}]\n',
    );
    mkdirSync(join(folder, 'jobs'));
    writeFileSync(join(folder, 'jobs', 'b.yml'), 'scrape_configs: [{job_name: b}]\n');
  });
  const jobs = (): unknown[] => config.current.settings.scrapeConfigs.map(({ job, intervalMs }) => [job, intervalMs]);
  expect([jobs(), config.current.problems]).toEqual([
    [
      ['a', 7_000],
      ['b', 7_000],
    ],
    [],
  ]);
  save('jobs/c.yml', 'scrape_configs: [{job_name: c, scrape_interval: 9s}]\n');
  await clock.advance(2_000);
  expect(jobs()).toEqual([
    ['a', 7_000],
    ['b', 7_000],
    ['c', 9_000],
  ]);
  save('jobs/c.yml', '\nscrape_configs: [{job_name: b}]\n');
  await clock.advance(2_000);
  expect(config.current.problems.join()).toMatch(/c\.yml:2: a second scrape config has the job_name "b".*last good version is in force/);
  expect(jobs()).toHaveLength(3);
});

test('a file that is saved is read again; a broken one keeps its last good version and names line and reason', async () => {
  const { clock, seen, save, config } = setup();
  save('signalbox.yml', 'users_affected: up\n');
  await clock.advance(2000);
  expect(seen.at(-1)).toMatchObject({ problems: [], settings: { usersAffected: 'up' } });
  save('signalbox.yml', 'users_affected: up\nscrap_configs: []\n');
  await clock.advance(2000);
  expect(config.current.settings.usersAffected).toBe('up');
  expect(config.current.problems).toEqual([
    expect.stringMatching(/^signalbox\.yml:2: .*scrap_configs.*did you mean "scrape_configs".*last good version is in force/),
  ]);
  save('signalbox.yml', 'users_affected: down\n');
  await clock.advance(2000);
  expect(config.current).toMatchObject({ problems: [], settings: { usersAffected: 'down' } });
});

test('rule files, templates and alertmanager.yml are followed too, as they come, change and go', async () => {
  const { clock, seen, save, config, dataDir } = setup();
  mkdirSync(join(dataDir, 'rules'));
  save('signalbox.yml', "rule_files: ['rules/*.yml']\n");
  await clock.advance(2000);
  expect(config.current.problems).toEqual([expect.stringContaining('nothing matches rules/*.yml')]);
  save('rules/a.yml', 'groups: []\n');
  await clock.advance(2000);
  expect(seen.at(-1)!.ruleFiles.map(({ text }) => text)).toEqual(['groups: []\n']);
  save('alertmanager.yml', 'route: {receiver: a}\nreceivers: [{name: a}]\ntemplates: [note.tmpl]\n');
  save('note.tmpl', '{{ define "a" }}b{{ end }}');
  await clock.advance(2000);
  expect(config.current.alertmanager.route.receiver).toBe('a');
  expect(config.current.templateFiles.map(({ text }) => text)).toEqual(['{{ define "a" }}b{{ end }}']);
  mkdirSync(join(dataDir, 'slos'));
  save('slos/shop.yaml', 'version: prometheus/v1\n');
  await clock.advance(2000);
  expect(config.current.sloFiles.map(({ text }) => text)).toEqual(['version: prometheus/v1\n']);
  const changes = seen.length;
  await clock.advance(10_000);
  expect(seen.length).toBe(changes);
  rmSync(join(dataDir, 'rules/a.yml'));
  await clock.advance(2000);
  expect(config.current.ruleFiles).toEqual([]);
});

test('a file named on the command line must be there and be good', () => {
  expect(() => setup('absent.yml')).toThrow(/absent\.yml: cannot be read/);
  expect(() => setup('bad.yml', (folder) => writeFileSync(join(folder, 'bad.yml'), 'a: [\n'))).toThrow(/^bad\.yml:\d+: /);
});
