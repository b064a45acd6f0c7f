/** The engine's process, under both hosts. */
import { createEngine } from '#core/engine.ts';
import { systemClock } from './clock.ts';
import { runEngineSide } from './engine/engine-side.ts';

runEngineSide((settings, renderMarkdown) => createEngine({ ...settings, renderMarkdown, clock: systemClock, random: Math.random }));
