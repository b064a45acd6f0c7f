/** The pieces that inputs are made of, with their bounds. */
import * as v from 'valibot';

export const nothing = v.strictObject({});
/** `live`, or a case's name: it is a folder's name too. */
export const datasetName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'is no dataset name'));
/** Query texts beyond 16 KB are refused (reliability: query bomb). */
export const queryText = v.pipe(v.string(), v.maxLength(16_384, 'is longer than 16,384 characters'));
const year9999Ms = 253_402_300_800_000;
export const unixMs = v.pipe(v.number(), v.integer(), v.minValue(-year9999Ms), v.maxValue(year9999Ms));
export const durationMs = v.pipe(v.number(), v.integer(), v.minValue(1));
export const sev = v.picklist([1, 2, 3, 4]);
/** One line a person typed. */
export const line = v.pipe(v.string(), v.trim(), v.minLength(1, 'is empty'), v.maxLength(500, 'is longer than 500 characters'));
/** Several lines a person typed; possibly none. */
export const words = v.pipe(v.string(), v.maxLength(20_000, 'is longer than 20,000 characters'));
/** A person's name, as they typed it in the settings. */
export const person = v.pipe(v.string(), v.trim(), v.minLength(1, 'is empty'), v.maxLength(100));
export const shortId = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9_-]{0,99}$/i, 'is no id'));
export const incidentId = v.pipe(v.number(), v.integer(), v.minValue(1));
export const named = v.array(v.object({ name: v.pipe(v.string(), v.maxLength(256)), value: v.pipe(v.string(), v.maxLength(4096)) }));
