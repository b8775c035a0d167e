/**
 * What gives a language away: its most frequent grammatical words, letters that it alone (or with few others) uses, and
 * endings of its words. Written down from general knowledge of the languages, not counted in any collection.
 */
export interface LanguageMarks {
  /** Articles, pronouns, prepositions, conjunctions, auxiliaries, question words. Lower case. */
  readonly words: string;
  /** Letters and letter groups; a word that has one votes for the language. */
  readonly letters?: RegExp;
  /** Endings and beginnings of words. */
  readonly affixes?: RegExp;
}

export const LATIN: Readonly<Record<string, LanguageMarks>> = {
  en: {
    words: `the of and to in is that it was for on are as with his they at be this from have or by one had not but what all
      were we when your can said there use an each which she do how their if will up other about out many then them these so
      some her would make like him into has more two did its who been than whom whose where why does during after before
      between he my me our you i while because could should must most such only also any under over through against being
      same very just off both few those here too much us until did didn doesn isn don a no`,
    affixes: /(?:ing|tion|ness|ght|ould|ware|ously|ally|ful|less|ship|wh.*|.*[bcdfgklmnprstv]ly)$/,
  },
  de: {
    words: `der die das und ist von den mit sich des auf für nicht eine ein im dem zu als auch es an werden aus er hat dass sie
      nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein
      wurde wurden sei ihre ihrer ihren seine seiner seinen ihr kann wenn was welche welcher welches welchem welchen wer wo
      wann warum wieviel viele wem wen unter gegen zwischen während ohne können sollte muss mein dein unser diese dieser dieses
      diesem diesen jede jeder alle hatte hatten waren worden ich du wir vom beim ins gibt sehr schon keine kein doch denn weil
      ob damit dann da hier dort nun womit wofür wodurch worauf wegen laut seit einige anderen eines in hatten gab`,
    letters: /ß|sch|ä|ö(?!r\b)|ü|tz|ck|pf/,
    affixes: /(?:ung|ungen|keit|heit|lich|lichen|isch|ische|ischen|schaft|eten|te[nt]|ge.+t|ver.+|zu.+en|ein.+en)$/,
  },
  fr: {
    words: `le la les de des du un une et est en que qui dans pour pas au aux sur plus par ce cette ces il elle ils elles ne se
      avec son sa ses leur leurs ont été être sont était étaient mais ou où comme quel quelle quels quelles quand comment
      pourquoi combien quoi dont fait faire tout tous toute toutes nous vous je tu on lui même aussi très sans sous entre
      après avant depuis pendant selon chez vers contre peut peuvent doit avait avaient avoir a à y si cela ça donc car ni
      lorsque puis encore notamment afin ainsi mon ma mes notre nos votre vos d l qu n s c j`,
    letters: /ç|œ|è|ê|û|eau|oux?$|^é[ctlv]|[^eéáóő]{2}é(?:e|s|es)?$|î|ï/,
    affixes: /(?:ment|tions?|eux|euse|eurs?|ais|ait|aient|ique|iques|aux|é|ée|ées|és|ère|er|ez|ois|oire)$/,
  },
  es: {
    words: `el la los las de del y en que un una es por con para se su sus al lo como más pero ha fue son este esta estos estas
      ese esa no si sí o le les qué quién quiénes cuál cuáles cuándo cuánto cuántos cuántas cuánta dónde cómo porque cuando
      donde quien entre sobre hasta desde sin durante también muy había han ser era eran fueron está están estaba tiene tienen
      tenía hay yo tú él ella ellos ellas nosotros mi tu te nos todo todos toda todas otro otros otra otras según tras hacia
      contra mientras aunque puede pueden sido hace cada después antes uno ya a ante cual`,
    letters: /ñ|ción|ciones|¿|ll[aeo]|ió\b|[aeiu]ó\b|cu[aá]/,
    affixes:
      /(?:ción|ciones|dad|dades|mente|aba|aban|ieron|aron|ado|ados|ada|adas|ido|idos|ía|ían|ó|ez|illa|illo|ero)$/,
  },
  it: {
    words: `il lo la i gli le di del della dello dei degli delle e è in che un una uno per con non si da dal dalla dai dalle al
      alla allo ai agli alle nel nella nei nelle nello sul sulla sui sulle come più ma ha hanno sono era erano stato stata
      stati state essere questo questa questi queste quello quella chi cosa quale quali quando quanto quanti quante dove perché
      anche se ci suo sua suoi sue loro lui lei noi voi io tu mi ti tra fra dopo prima durante senza sotto sopra contro molto
      tutti tutto ogni può possono fu furono aveva avevano solo mentre secondo ad ed o a dell nell all dall sull l d
      un c`,
    letters: /gli|zz|cch|cc[hi]|ggi|chi\b|ghi|tà\b|ù\b|ò\b|ì\b/,
    affixes:
      /(?:zione|zioni|mento|menti|mente|ità|ato|ata|ati|ate|uto|uti|ito|ita|iti|avano|evano|ente|enti|ezza|aggio|oni|one|ella|etto|etti)$/,
  },
  pt: {
    words: `o a os as de do da dos das e em no na nos nas que um uma é por com para se seu sua seus suas ao aos à às como mais
      mas foi são este esta estes estas esse essa não ou lhe quem qual quais quando quanto quantos quantas onde porque pelo
      pela pelos pelas entre sobre até desde sem durante também muito havia ser era eram foram está estão estava tem têm tinha
      há eu ele ela eles elas nós meu minha isso isto aquele aquela todo todos toda todas outro outros outra outras depois
      antes contra enquanto pode podem sido cada já num numa nem você vocês após segundo ainda`,
    letters: /ã|õ|ç|lh|nh|ê|ção|ções/,
    affixes:
      /(?:ção|ções|dade|dades|mente|ava|avam|aram|eram|iram|ado|ados|ada|adas|ido|idos|ia|iam|ou|eu|eiro|eira|agem|ão|ões|em)$/,
  },
  nl: {
    words: `de het een en van in is dat op te zijn met voor niet aan er om ook als dan maar bij uit door over naar nog wordt
      werd werden worden heeft hebben had hadden was waren kan kunnen zal zou zouden moet deze dit die hij zij ze wij we ik je
      jij u hun haar hem mijn ons onze wat wie welke welk wanneer waar waarom hoe hoeveel veel meer geen tot of tegen tussen
      onder na voordat tijdens zonder volgens sinds omdat terwijl want dus al alle andere zo zich zelf toen
      daar hier reeds wel ben bent waarin waarvan waarmee`,
    letters: /ij|aa|ee[nrlt]|oo[rnkpt]|uu|sch|oe|ieuw|eeu/,
    affixes:
      /(?:ing|ingen|heid|heden|lijk|lijke|elijk|tie|ties|isch|ische|ge.+d|ge.+t|ver.+en|aar|eren|eerd|eerde|sche|dt)$/,
  },
  ro: {
    words: `de și în la a cu din care pe un o este sunt nu că se pentru mai fi fost au prin după sau ce cine când unde cum cât
      câți câte câtă care cărei cărui căror al ai ale lui lor sa său săi sale ei el ele eu tu noi voi acest această aceste acești
      acel acea acei acele dar până între despre ca dintre către sub peste fără ar era erau avea aveau are avut fiind doar foarte
      numai tot toate toți deși dacă decât nici iar într într-o într-un dintr printr le îi îl îşi își si ii`,
    letters: /ș|ț|ş|ţ|ă|â|î/,
    affixes: /(?:ului|ilor|elor|ții|ția|ție|țiile|ească|ește|esc|are|ere|ire|ări|uri|urile|at|ată|ați|ate|ele|ea|ii)$/,
  },
  tr: {
    words: `ve bir bu da de için ile olarak ne çok daha en gibi olan kadar sonra o ama veya ya ki mi mı mu mü hangi kim kimin kime
      nasıl neden niçin nerede nereye nereden zaman kaç hangisi ise değil var yok her diye göre tarafından olduğu olduğunu
      oldu olan olur eden edilen etti etmek önce ilk iken şu onun onlar ben sen biz siz bunun şey tüm bazı birçok arasında
      üzerinde içinde altında karşı rağmen dolayı beri ancak hem yani eğer çünkü hiç kendi yer aldı nedir neydi kimdir`,
    letters: /ğ|ı|ş|ç|ö|ü|[bcdfgklmnprstvyz]lar\b|[bcdfgklmnprstvyz]ler\b/,
    affixes:
      /(?:lar|ler|ları|leri|lık|lik|luk|dır|dir|dur|mak|mek|ması|mesi|ında|inde|sında|sinde|nın|nin|nun|dan|den|yor|mış|miş|acak|ecek|ılan|ilen|dığı|diği|unda|ünde|lerin|ların)$/,
  },
  vi: {
    words: `của và là có được cho không trong các những một này đã với người để khi tại từ vào ra như về đến nào gì ai bao nhiêu
      đâu sao thế năm trên bởi do hay cũng sẽ đang đó ông bà họ nó thì mà nếu sau trước giữa theo nhiều hơn nhất rất`,
    letters: /[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/,
  },
  pl: {
    words: `i w na z się nie do to że jest o jak po co za od ale przez dla są był była było były oraz ten ta te tego tej tym tych
      który która które którzy którego której których przy pod nad bez między czy gdy kiedy gdzie kto dlaczego ile jaki jaka
      jakie już tylko może być także jednak jego jej ich ja ty on ona my wy oni lub albo bardzo więc ze we podczas`,
    letters: /[ąęłńśźż]|sz|cz|rz|dz|ó/,
    affixes: /(?:ość|ości|ego|emu|ych|ymi|ami|ach|owy|owa|owe|nie|ania|enia|acji|ają|ować|ali|iły|ał|ała)$/,
  },
  cs: {
    words: `a v na se je že s z do o k i jako po ve za si by ale tak pro od při který která které jeho její jejich byl byla bylo
      byli jsou není aby než nebo když kde kdo co jak proč kolik jaký jaká jaké již jen také může být ten ta to tato toto před
      mezi podle však až ze ke však`,
    letters: /[ěřůčďťň]|š|ž/,
    affixes: /(?:ého|ému|ých|ými|ost|osti|ování|ení|ání|ovat|ský|ská|ské|ali|ech|ům)$/,
  },
  hu: {
    words: `a az és hogy nem egy is van volt ez azt de meg csak mint már még el ki be le fel vagy ha mert aki ami amely ezt ennek
      annak kell lehet lesz lett voltak után előtt között szerint által alatt mi ki mikor hol hogyan miért mennyi melyik milyen
      hány nagyon több minden ezek azok ő ők én te mi ti itt ott majd sem pedig illetve során`,
    letters: /[őű]|sz|gy|ny|zs|cs|á|é|ö|ü/,
    affixes:
      /(?:ban|ben|nak|nek|val|vel|tól|től|ból|ből|hoz|hez|ság|ség|ott|ett|ását|ását|ok|ek|ák|ják|ról|ről|ért|ában|ében)$/,
  },
  fi: {
    words: `ja on ei että oli se hän mutta joka kun myös niin kuin ovat sen tai ole jos mitä mikä kuka missä milloin miten miksi
      kuinka mukaan hänen ollut olla vain jo sekä jotka jonka tämä tämän ne he me te minä sinä olivat voi vielä ennen jälkeen
      kanssa koska sitä siitä nyt noin kaikki mitkä eivät olisi`,
    letters: /ä|ö|yö|uo|yy|ii|kk/,
    affixes:
      /(?:ssa|ssä|sta|stä|lla|llä|lta|ltä|lle|ksi|nen|inen|isen|iin|aan|ään|een|ista|issa|mme|vat|vät|tta|ttä|isuus|minen|tiin|ien|jen|oiden)$/,
  },
  sv: {
    words: `och i att det som en på är av för med den till inte har de om ett han var jag från vi så men kan när år efter under
      eller där mot ut hon sin sig ska skulle hade detta denna dessa också vad vem vilken vilket vilka hur varför var många
      mycket mer än bara alla sedan genom över mellan utan blev blir vara varit då nu upp min din deras hans hennes man även
      enligt vid`,
    letters: /å|ä|ö|ck|sj|tj/,
    affixes: /(?:ning|ningar|heten|erna|arna|orna|ade|ades|ande|het|lig|liga|ligt|skap|tion|tionen|elser)$/,
  },
  da: {
    words: `og i at det som en på er af for med den til ikke har de om et han var jeg fra vi så men kan når år efter under eller
      hvor mod ud hun sin sig skal skulle havde dette denne disse også hvad hvem hvilken hvilket hvilke hvordan hvorfor mange
      meget mere end kun alle siden gennem over mellem uden blev bliver være været da nu op min din deres hans hendes man
      ifølge ved af blevet`,
    letters: /å|æ|ø/,
    affixes: /(?:ning|ninger|heden|erne|ede|ende|hed|lig|lige|ligt|skab|tion|tionen|else|elser)$/,
  },
  no: {
    words: `og i at det som en på er av for med den til ikke har de om et han var jeg fra vi så men kan når år etter under eller
      hvor mot ut hun sin seg skal skulle hadde dette denne disse også hva hvem hvilken hvilket hvilke hvordan hvorfor mange mye
      mer enn bare alle siden gjennom over mellom uten ble blir være vært da nå opp min din deres hans hennes man ifølge ved`,
    letters: /å|æ|ø|kj|øy|ei/,
    affixes: /(?:ning|ninger|heten|ene|ede|ende|het|lig|lige|ligt|skap|sjon|sjonen|else|elser)$/,
  },
  id: {
    words: `yang dan di dari ini itu dengan untuk tidak dalam pada adalah ke akan oleh sebagai juga telah bisa ada atau mereka dia
      kami kita saya anda apa siapa kapan mana bagaimana mengapa berapa karena jika saat lebih sudah belum bahwa seperti
      antara setelah sebelum secara tersebut dapat harus para banyak menjadi merupakan`,
    affixes: /(?:kan|nya|lah|kah|an|me[mn][a-z]+|ber[a-z]+|ter[a-z]+|peng?[a-z]+|di[a-z]+kan)$/,
  },
  sw: {
    words: `na ya wa kwa ni katika la za kuwa hii hiyo huo cha vya yake wake kama lakini au si bila baada kabla hadi pia watu mtu
      alikuwa walikuwa ambaye ambao ambayo nini nani lini wapi vipi gani sana tu zaidi kila wengi ilikuwa yao wao`,
    affixes: /(?:ku[a-z]+a|wa[a-z]+|ali[a-z]+a|ili[a-z]+a|ana[a-z]+a|m[a-z]+ji|isha|wana[a-z]+|ki[a-z]+|vi[a-z]+)$/,
  },
};

export const CYRILLIC: Readonly<Record<string, LanguageMarks>> = {
  ru: {
    words: `и в не на что он с как это по но они мы она из у за от то так для до или же бы был была было были его её ее их при
      кто где когда почему сколько какой какая какие какое чем если также может только который которая которые под после со об
      к о во все ещё еще уже этот эта эти`,
    letters: /[ыэъё]/,
  },
  uk: {
    words: `і в не на що він з як це по але вони ми вона із у за від то так для до або же був була було були його її їх при хто де
      коли чому скільки який яка які яке чим якщо також може тільки під після зі та й ще вже цей ця ці про`,
    letters: /[іїєґ]/,
  },
  bg: {
    words: `и в не на че той с как това по но те ние тя от за до или би беше са съм е ще му ѝ им при кой къде кога защо колко какъв
      каква които която който ако също може само под след със към който през без`,
    letters: /ъ[бвгджзклмнпрстфхцчшщ]|[ъя]т$/,
  },
  sr: {
    words: `и у не на да је са се као то по али они ми она из за од до или би био била било били његов њен при ко где када зашто
      колико који која које ако такође може само под после су није ово овај`,
    letters: /[ђћњљџј]/,
  },
};

export const ARABIC: Readonly<Record<string, LanguageMarks>> = {
  ar: {
    words: `في من على إلى أن ما هو هي التي الذي عن مع هذا هذه كان كانت لا لم قد بعد قبل بين كل أو ثم كم كيف متى أين لماذا هل ماذا
      أي ذلك تم حيث عند غير إن كما منذ خلال وقد ولم وفي ومن التى الى ان او`,
    letters: /[يكةىأإؤئ]|^(?:ال|وال|بال|لل)/,
  },
  fa: {
    words: `در از به که را این است با برای آن بر یک تا و های می شده بود شد کرد هم چه کدام چند چرا کجا چگونه کسی چیست خود او یا اما
      هر پس نیز شود دارد بودند کردند شدند آنها هستند چیزی ها ای`,
    letters: /[پچژگکی]/,
  },
  ur: {
    words: `کے کی ہے میں کا سے کو اور نے پر ہیں یہ وہ کہ تھا تھی تھے ایک بھی نہیں کر کیا ہو گیا اس ان جو لیے ساتھ بعد تک ہی جس کون
      کب کہاں کیوں کیسے`,
    letters: /[ٹڈڑںھہے]/,
  },
};

export const DEVANAGARI: Readonly<Record<string, LanguageMarks>> = {
  hi: {
    words: `के में की है और से का को एक पर यह नहीं हैं ने था थी थे कि जो कर या इस ही भी किया लिए साथ तक हो गया कौन क्या कब कहाँ कैसे
      क्यों किस कितने`,
  },
  mr: {
    words: `आहे आणि या हे आहेत होते होता होती केले नाही ते हा ही तो ती म्हणून मध्ये साठी काय कोण कधी कुठे कसे का`,
    letters: /ळ|च्या$/,
  },
  ne: {
    words: `छ र को मा छन् ले हो लाई गर्न भएको थियो हुन्छ पनि यो त्यो गरेको तथा के कहाँ कहिले किन कसरी कति`,
    letters: /(?:हरू|हरु|को|मा|लाई|एको)$/,
  },
};
