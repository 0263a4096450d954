export { HoldButton } from './HoldButton';
export { useSign, type Draft, type Order, type Sign } from './useSign';
