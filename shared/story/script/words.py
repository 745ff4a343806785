"""Lists of words by which scripts are read. A language without any loses little."""


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


DAYTIMES = _split(
    "day night morning evening dawn dusk afternoon noon midnight sunset sunrise twilight día noche "
    "mañana tarde amanecer anochecer mediodía medianoche madrugada jour nuit matin soir aube "
    "après-midi crépuscule tag nacht morgen abend mittag dämmerung giorno notte mattina sera alba "
    "tramonto pomeriggio dia noite manhã"
)
"""Of the day, at the end of a heading: a picture shows them."""

TIMES = DAYTIMES | _split("later continuous same tard später")
"""All that a heading may end with: some tell only how its scene follows the one before it."""

SMALL = _split(
    "a an the of in on at by and or to de la el le les du des der die das di da del al y"
)
"""Written small within a name."""

RELATIVES = _split(
    "mrs ms miss lady madame señora señorita frau signora doña mlle father uncle aunt"
)
"""LADY MACBETH is not MACBETH, where both speak in one scene."""

_ALIKE = {
    "m": "monsieur",
    "mr": "mister",
    "mme": "madame",
    "dr": "doctor",
    "prof": "professor",
    "capt": "captain",
    "col": "colonel",
    "lt": "lieutenant",
    "sgt": "sergeant",
}
ARTICLES = _split("the el le")
TITLES = _ALIKE | {
    title: title
    for title in {*_ALIKE.values(), *RELATIVES, *ARTICLES}
    | _split("sir lord don señor herr signor inspector detective officer")
}
"""What may stand before a name → the one spelling of it."""

ROLES = _split(
    "man woman boy girl guard soldier servant nurse king queen witch doctor cop officer waiter "
    "driver maid clerk voice child kid lady lord lad mother father brother sister hombre mujer "
    "homme femme mann frau uomo donna homem mulher narrator messenger friend gentleman maître "
    "maestro first second third young younger old older little big adult teen teenage el la le"
)
"""A short name that is one of these is no name: THE OLD MAN is not every MAN."""

AGED = _split(
    "old big little crazy mad poor dear viejo vieja alte alter vieux vieille vecchio vecchia"
)
"""Before a name, these say how somebody is called, and seldom that there are two of them."""

CROWD = _split(
    "crowd mob chorus all both everyone everybody others together omnes tous todos tutti"
)

NO_NAMES = _split(
    "note notes scene title author date draft contact source credit copyright time place setting "
    "super card insert act the cut fade int ext est mr mrs ms dr st m mme"
)
"""What a line may begin with, before a colon or a full stop, that is nobody's speech."""

STAKES = _split(
    "die dies died dead death kill killed murder blood war never last lost lose secret truth love "
    "hate fear afraid danger save alone revenge prison ghost money marry marriage betray life "
    "forever escape must grave hang poison fire enemy promise swear "
    "muerte muerto morir matar sangre guerra nunca amor miedo secreto verdad vida sola solo honor "
    "mort tuer sang guerre jamais amour peur vérité vie seul adieu tod tot sterben blut krieg nie "
    "liebe angst geheimnis wahrheit leben allein morte morire sangue guerra mai amore paura "
    "segreto verità vita sozinho medo segredo verdade"
)
"""Where one of these is said, something is at stake."""

TURNS = _split(
    "but however suddenly until unless no stop wait yet then instead pero sino basta mais soudain "
    "aber plötzlich doch nein ma però invece mas porém stops turns enters bursts opens rises gone"
)
"""With one of these, something changes."""

ADDRESSES = _split("you your thou thee thy we us")
