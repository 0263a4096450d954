export { HoldButton } from './HoldButton';
export { KeyNote } from './KeyNote';
export { fingerprint } from './key';
export { useKey } from './useKey';
export { useSign, type Draft, type Order, type Sign } from './useSign';
