import { newQueryClient } from './queries';

/** queryClient is the one cache of this page. */
export const queryClient = newQueryClient();
