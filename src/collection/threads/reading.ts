import { InvariantError } from '../../base/errors.ts';
import type { Work } from '../../base/parallel.ts';
import type { BorrowedEncoders } from '../../encode/lent/borrow.ts';
import type { OpenEncoder } from '../../encode/registry.ts';
import type { Reranker, SearchEnvironment } from '../../search/index.ts';
import { openLocalStore } from '../../store/index.ts';
import type { StoredCorpus, VectorFieldSettings } from '../../store/types.ts';
import { Session } from '../session.ts';
import { type Question, READING, type ReadingSetup, type Reply } from './messages.ts';
import { answerHere, type Given } from './questions.ts';

/** What a thread does with a collection in a folder: opens it by itself, for reading, and answers questions one after the other. */
export function readingWork(encoders: BorrowedEncoders<VectorFieldSettings>): Work<ReadingSetup, Question, Reply> {
  return {
    name: READING,
    prepare(setup) {
      const reading = new Reading(setup, encoders);
      return (question) => reading.answer(question);
    },
  };
}

class Reading {
  #session: Session | undefined;
  #corpus: StoredCorpus | undefined;
  readonly #encoders = new Map<string, Promise<OpenEncoder>>();

  constructor(
    private readonly setup: ReadingSetup,
    private readonly lender: BorrowedEncoders<VectorFieldSettings>,
  ) {}

  async answer({ name, given, generation, newer }: Question): Promise<Reply> {
    this.#session ??= await openSession(this.setup);
    const corpus = await this.#state(this.#session, generation);
    if (corpus.generation !== generation && !(newer && corpus.generation > generation)) return undefined;
    const models = new ModelsElsewhere();
    const environment = models.without(this.#session.environment(corpus));
    try {
      const answer = await answerHere(name, { corpus, environment }, given as Given<typeof name>);
      return models.areNeeded ? undefined : { answer };
    } catch (error) {
      if (models.areNeeded) return undefined;
      throw error;
    }
  }

  /** The state of this number if it is held, else the newest. Nothing else runs here, so that the one before can go. */
  async #state({ store, settings }: Session, generation: number): Promise<StoredCorpus> {
    const held = this.#corpus;
    if (held !== undefined && (held.generation === generation || held.generation === (await store.generation())))
      return held;
    const corpus = await store.corpus(settings, (field) => this.#encoderOf(field) as never);
    held?.close();
    this.#corpus = corpus;
    return corpus;
  }

  #encoderOf(field: VectorFieldSettings): Promise<OpenEncoder> {
    const key = JSON.stringify(field);
    let encoder = this.#encoders.get(key);
    if (encoder === undefined) {
      encoder = this.lender.open(field);
      this.#encoders.set(key, encoder);
      // What it needs may be there at the next question.
      encoder.catch(() => this.#encoders.delete(key));
    }
    return encoder;
  }
}

async function openSession({ directory, allowRemote }: ReadingSetup): Promise<Session> {
  const store = await openLocalStore(directory);
  const openSpec = () => Promise.reject(new InvariantError('a thread that reads opens no encoder'));
  return new Session(
    store,
    store.settings,
    { meaning: undefined, named: false, others: [], allowRemote, openSpec },
    {},
  );
}

/** Rerankers run models, which are in memory once, where the collection was opened: whoever needs one here is to ask there. */
class ModelsElsewhere {
  areNeeded = false;

  without(environment: SearchEnvironment): SearchEnvironment {
    const { extensions = {} } = environment;
    const { rerankers = [] } = extensions;
    return { ...environment, extensions: { ...extensions, rerankers: rerankers.map(({ id }) => this.#standIn(id)) } };
  }

  #standIn(id: string): Reranker {
    const need = (): never => {
      this.areNeeded = true;
      throw new InvariantError(`the reranker "${id}" is asked in a thread that has none`);
    };
    return {
      id,
      get depth(): number {
        return need();
      },
      score: async () => need(),
    };
  }
}
