import { type ExecutionResult, GraphQLError } from 'graphql';
import { createRandom, hashText } from './random.ts';
import { tamperAnswer } from './tamper.ts';
import type { FieldModel, World } from './world.ts';
import type { ObjectValue } from './world-data.ts';

/**
 * What goes wrong in a run. `fields`: resolvers fail, in the truth too, and both answers must be the same. `answers`: whole
 * answers of subgraphs are wrong, which the truth can't have; of these `spoilt` tells which relation must hold.
 */
export type Faults = {
  kind: 'none' | 'fields' | 'answers';
  /** Whether each call of a mutation has a value of its own. A call that never arrives would change the values of those after it. */
  tellsCallsApart: boolean;
  resolve(object: ObjectValue, field: FieldModel, value: () => unknown): unknown;
  /** @throws {Error} where the subgraph can't be reached. */
  beforeFetch(subgraph: string): void;
  tamper(subgraph: string, answer: ExecutionResult): ExecutionResult;
  /** `openly`: the answer shows that it is wrong. `silently`: it holds a null that may be right. */
  spoilt: { openly: boolean; silently: boolean };
};

export type FaultPlan = { kind: Faults['kind']; seed: number; share: number };

export function createFaults(world: World, plan: FaultPlan): Faults {
  if (plan.kind === 'fields') return createFieldFaults(world, plan);
  if (plan.kind === 'answers') return createAnswerFaults(plan);
  return { ...none, spoilt: { openly: false, silently: false } };
}

const none: Omit<Faults, 'spoilt'> = {
  kind: 'none',
  tellsCallsApart: true,
  resolve: (_object, _field, value) => value(),
  beforeFetch: () => {},
  tamper: (_subgraph, answer) => answer,
};

/** The same field of the same object fails in every subgraph that resolves it, and in the truth. */
function createFieldFaults(world: World, { seed, share }: FaultPlan): Faults {
  const spared = namesInKeys(world);
  return {
    ...none,
    kind: 'fields',
    spoilt: { openly: false, silently: false },
    resolve(object, field, value) {
      if (field.identifies || spared.has(field.name)) return value();
      const random = createRandom(hashText(`${seed} ${object.uid}.${field.name}`));
      if (!random.chance(share)) return value();
      const fail = (name: string) =>
        new GraphQLError(`${name} at ${field.name} of ${object.uid}`, {
          extensions: { code: 'FAULT', hint: { name } },
        });
      const right = value();
      if (Array.isArray(right) && right.length > 0 && random.chance(0.5)) {
        const at = random.below(right.length);
        return right.map((item, index) => (index === at ? random.pick([null, fail('item failed')]) : item));
      }
      const isRequired = field.type.endsWith('!');
      if (isRequired && random.chance(0.4)) return null;
      if (/^(Int|Boolean|Float)!?$/.test(field.type) && random.chance(0.4)) return 'of the wrong type';
      throw fail('failed');
    },
  };
}

/** Fields of keys are spared: the gateway needs them for fields that the truth resolves without them. */
function namesInKeys(world: World): Set<string> {
  const sets = world.types.flatMap(({ keys }) => Object.values(keys).flat());
  return new Set(sets.flatMap((set) => set.match(/\w+/g) ?? []));
}

function createAnswerFaults({ seed, share }: FaultPlan): Faults {
  const spoilt = { openly: false, silently: false };
  let fetches = 0;
  const down = new Set<string>();
  return {
    ...none,
    kind: 'answers',
    tellsCallsApart: false,
    spoilt,
    beforeFetch(subgraph) {
      fetches += 1;
      const random = createRandom(hashText(`${seed} down ${subgraph} ${fetches}`));
      if (random.chance(share / 4)) down.add(subgraph);
      if (!down.has(subgraph)) return;
      spoilt.openly = true;
      throw new Error('connect ECONNREFUSED');
    },
    tamper(subgraph, answer) {
      const random = createRandom(hashText(`${seed} ${subgraph} ${fetches}`));
      if (!random.chance(share)) return answer;
      const tampered = tamperAnswer(answer, random);
      if (tampered.isSilent) spoilt.silently = true;
      else spoilt.openly = true;
      return tampered.answer;
    },
  };
}
