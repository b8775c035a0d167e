import { stemEnglish } from './english.ts';

/** Forms of one word that a stemmer cannot tell, as far as they are written nearly alike. */
const FORMS =
  'write wrote written,drive drove driven,ride rode ridden,rise rose risen,arise arose arisen,wake woke woken,break broke broken,speak spoke spoken,' +
  'freeze froze frozen,steal stole stolen,choose chose chosen,weave wove woven,shake shook shaken,take took taken,mistake mistook,run ran,sing sang sung,' +
  'ring rang rung,swim swam swum,drink drank drunk,begin began begun,sink sank sunk,spring sprang sprung,shrink shrank shrunk,come came,become became,' +
  'overcome overcame,give gave given,forgive forgave,know knew known,grow grew grown,throw threw thrown,blow blew blown,fly flew flown,draw drew drawn,' +
  'withdraw withdrew,wear wore worn,tear tore torn,bear bore born,swear swore sworn,fall fell fallen,hold held,meet met,feed fed,lead led,bleed bled,' +
  'breed bred,speed sped,hide hid hidden,bite bit bitten,light lit,slide slid,shoot shot,sit sat,win won,dig dug,hang hung,sting stung,cling clung,' +
  'swing swung,spin spun,stick stuck,strike struck,find found,bind bound,wind wound,grind ground,send sent,spend spent,lend lent,bend bent,build built,' +
  'make made,lose lost,keep kept,sleep slept,weep wept,sweep swept,creep crept,feel felt,deal dealt,mean meant,leave left,sell sold,tell told,' +
  'stand stood,understand understood,say said,pay paid,lay laid,man men,woman women,foot feet,tooth teeth,goose geese,mouse mice,louse lice,' +
  'knife knives,life lives,wife wives,wolf wolves,half halves,shelf shelves,leaf leaves,thief thieves,calf calves,criterion criteria,' +
  'phenomenon phenomena,index indices,matrix matrices,vertex vertices,analysis analyses,crisis crises,thesis theses,hypothesis hypotheses,basis bases,' +
  'medium media,datum data,bacterium bacteria,curriculum curricula';

let groups: ReadonlyMap<string, number> | undefined;

/** Whether two English words, or their stems, are forms of one: `write` and `wrote`, `analysis` and `analyses`. */
export function areFormsOfOne(one: string, other: string): boolean {
  groups ??= new Map(
    FORMS.split(',').flatMap((forms, group) =>
      forms.split(' ').flatMap((form) => [[form, group] as const, [stemEnglish(form), group] as const]),
    ),
  );
  const group = groups.get(one) ?? groups.get(stemEnglish(one));
  return group !== undefined && group === (groups.get(other) ?? groups.get(stemEnglish(other)));
}
