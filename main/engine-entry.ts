/** The engine's process, under both hosts. */
import { reserveBytes } from '#core/db/index.ts';
import { createEngine } from '#core/engine.ts';
import { systemClock } from './clock.ts';
import { Ahead } from './engine/ahead.ts';
import { runEngineSide } from './engine/engine-side.ts';
import { runImport } from './engine/importer.ts';

const { ask: askAhead } = new Ahead();

runEngineSide((settings, shell) =>
  createEngine({ ...settings, ...shell, clock: systemClock, random: Math.random, reserveBytes, runImport, askAhead }),
);
