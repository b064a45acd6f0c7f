export { refuseLater as test } from './later.ts';
