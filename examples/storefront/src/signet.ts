import { ApolloClient } from '@apollo/client';
import { createSignetClient } from '@signet/client';
import { createSignetLink, followSession } from '@signet/client/apollo';
import { createStepUpPrompt } from '@signet/client/react';
import { createCache } from './cache.ts';
import { readMeta } from './meta.ts';

// All that this shop does about tokens, sessions of several tabs and their end. `auth-lines.test.ts` counts it.

export const stepUp = createStepUpPrompt();
export const signet = createSignetClient({ url: readMeta('url'), platform: 'user', onStepUp: stepUp.ask });
export const apollo = new ApolloClient({ link: createSignetLink(signet), cache: createCache() });
followSession(apollo, signet);
