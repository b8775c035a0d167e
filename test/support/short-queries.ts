/** Twenty short queries in each of eleven languages, as people type them: for tests of what language a query is in. */
export const SHORT_QUERIES: Readonly<Record<string, string>> = {
  en: `I no longer maintain this library|reset forgotten password|cheap flights in summer|bread recipe without yeast|when does the museum open
    broken washing machine noise|write tests for async code|my package was delayed|knee pain after running|compare two spreadsheets
    delete old branches|garden plants for shade|printer prints blank pages|rules of chess castling|move photos to another phone
    sore throat home remedy|explain compound interest|open source license differences|bus timetable saturday|learn guitar chords`,
  de: `Passwort vergessen was tun|Brot backen ohne Hefe|wann öffnet das Museum|Waschmaschine macht laute Geräusche|Kündigungsfrist Mietvertrag
    günstige Flüge im Sommer|Knieschmerzen nach dem Laufen|Pflanzen für schattige Gärten|Drucker druckt leere Seiten|Fahrplan am Samstag
    alte Zweige löschen|Halsschmerzen Hausmittel|Zinseszins einfach erklärt|Gitarre lernen für Anfänger|Rechnung wurde nicht bezahlt
    zwei Tabellen vergleichen|Fotos auf ein anderes Handy übertragen|Steuererklärung Frist verlängern|ich kann mich nicht anmelden|Höhe des Eiffelturms`,
  fr: `mot de passe oublié|recette de pain sans levure|à quelle heure ouvre le musée|bruit étrange de la machine à laver|vols pas chers en été
    douleur au genou après la course|plantes pour un jardin ombragé|l'imprimante sort des pages blanches|horaires de bus le samedi|supprimer les anciennes branches
    remède maison contre la toux|intérêts composés expliqués|apprendre la guitare facilement|ma commande n'est pas arrivée|comparer deux tableaux
    résilier un contrat de location|règles du jeu d'échecs|transférer des photos vers un téléphone|hauteur de la tour Eiffel|que faire en cas de fuite d'eau`,
  es: `he olvidado mi contraseña|receta de pan sin levadura|a qué hora abre el museo|la lavadora hace mucho ruido|vuelos baratos en verano
    dolor de rodilla después de correr|plantas para un jardín con sombra|la impresora saca páginas en blanco|horario del autobús los sábados|borrar ramas antiguas
    remedios caseros para la tos|cómo se calcula el interés compuesto|aprender a tocar la guitarra|mi pedido no ha llegado|comparar dos hojas de cálculo
    cancelar el contrato de alquiler|reglas del ajedrez|pasar fotos a otro teléfono|altura de la torre Eiffel|qué hacer si hay una fuga de agua`,
  it: `ho dimenticato la password|ricetta del pane senza lievito|a che ora apre il museo|la lavatrice fa rumore|voli economici per l'estate
    dolore al ginocchio dopo la corsa|piante per un giardino all'ombra|la stampante stampa pagine bianche|orario degli autobus del sabato|eliminare i vecchi rami
    rimedi naturali per la tosse|interesse composto spiegato semplicemente|imparare a suonare la chitarra|il mio ordine non è arrivato|confrontare due fogli di calcolo
    disdire il contratto di affitto|regole degli scacchi|trasferire le foto su un altro telefono|altezza della torre Eiffel|cosa fare se c'è una perdita d'acqua`,
  pt: `esqueci a minha senha|receita de pão sem fermento|a que horas abre o museu|a máquina de lavar faz barulho|voos baratos no verão
    dor no joelho depois de correr|plantas para um jardim com sombra|a impressora imprime páginas em branco|horário do ônibus aos sábados|apagar ramos antigos
    remédios caseiros para a tosse|como se calculam juros compostos|aprender a tocar violão|meu pedido não chegou|comparar duas planilhas
    cancelar o contrato de aluguel|regras do xadrez|passar fotos para outro telefone|altura da torre Eiffel|o que fazer em caso de vazamento de água`,
  nl: `wachtwoord vergeten wat nu|brood bakken zonder gist|hoe laat opent het museum|wasmachine maakt veel lawaai|goedkope vluchten in de zomer
    kniepijn na het hardlopen|planten voor een tuin in de schaduw|printer drukt lege pagina's af|dienstregeling van de bus op zaterdag|oude takken verwijderen
    huismiddel tegen keelpijn|samengestelde rente uitgelegd|gitaar leren spelen voor beginners|mijn bestelling is niet aangekomen|twee tabellen met elkaar vergelijken
    huurcontract opzeggen|regels van het schaakspel|foto's overzetten naar een andere telefoon|hoogte van de Eiffeltoren|wat te doen bij een waterlek`,
  sv: `jag har glömt mitt lösenord|baka bröd utan jäst|när öppnar museet|tvättmaskinen låter konstigt|billiga flyg på sommaren
    ont i knäet efter löpning|växter för en skuggig trädgård|skrivaren skriver ut tomma sidor|busstidtabell på lördagar|ta bort gamla grenar
    huskur mot halsont|ränta på ränta förklaras enkelt|lära sig spela gitarr|min beställning har inte kommit|jämföra två tabeller
    säga upp hyreskontraktet|regler för schack|flytta bilder till en annan telefon|höjden på Eiffeltornet|vad gör man vid en vattenläcka`,
  ru: `забыл пароль что делать|рецепт хлеба без дрожжей|во сколько открывается музей|стиральная машина шумит|дешёвые билеты на лето
    боль в колене после бега|растения для тенистого сада|принтер печатает пустые страницы|расписание автобусов на субботу|удалить старые ветки
    домашнее средство от кашля|сложные проценты простыми словами|научиться играть на гитаре|мой заказ не пришёл|сравнить две таблицы
    расторгнуть договор аренды|правила игры в шахматы|перенести фотографии на другой телефон|высота Эйфелевой башни|что делать при протечке воды`,
  uk: `забув пароль що робити|рецепт хліба без дріжджів|о котрій відкривається музей|пральна машина шумить|дешеві квитки на літо
    біль у коліні після бігу|рослини для тінистого саду|принтер друкує порожні сторінки|розклад автобусів на суботу|видалити старі гілки
    домашній засіб від кашлю|складні відсотки простими словами|навчитися грати на гітарі|моє замовлення не прийшло|порівняти дві таблиці
    розірвати договір оренди|правила гри в шахи|перенести фотографії на інший телефон|висота Ейфелевої вежі|що робити у разі протікання води`,
  ja: `パスワードを忘れました|イーストなしのパンの作り方|美術館の開館時間|洗濯機がうるさい|夏の格安航空券
    走った後の膝の痛み|日陰の庭に向く植物|プリンターが白紙を出す|土曜日の時刻表|古いブランチを削除
    咳に効く民間療法|複利の仕組み|ギターの練習方法|注文が届かない|表を比較する
    賃貸契約の解約|将棋の規則|写真を別の電話に移す|東京塔高度|水漏れの対処法`,
};

/** The queries of one language. */
export function shortQueries(language: string): string[] {
  return SHORT_QUERIES[language]!.split(/[|\n]/).map((query) => query.trim());
}
