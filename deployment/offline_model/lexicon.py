"""Words that the rules know: verbs of tasks, their past tense, and words that are none."""

from __future__ import annotations

from offline_model.patterns import words

VERBS = words("""
    accept add adjust answer apply arrange ask assemble attend backup bake book borrow bring
    brush build buy call cancel carry change charge check choose clean clear collect compare
    complete confirm contact cook copy create cut debug decide declutter decorate delete
    deliver deploy design discuss do donate download draft draw drink drive drop dust eat edit
    email empty exchange exercise explore feed fetch figure file fill find finish fix fold
    follow get give go google grab grill help hire host install invite invoice iron join knit
    learn leave lift look mail make measure meditate meet mend merge message migrate mop move
    mow negotiate notify open order organise organize pack paint park pay phone pick plan polish
    plant play post practice practise prepare present print proofread publish purchase put
    read register renew rent repair replace reply request research reserve return review ring
    run scan schedule sell send service set sew share shop sign solve sort speak start stop
    stretch study submit sweep swim take talk tell test text thank throw tidy train translate
    trim try update upgrade upload vacuum validate visit volunteer walk wash watch water weed
    wipe withdraw work wrap write
""")

IRREGULAR = dict(
    pair.split(":")
    for pair in words("""
        bought:buy paid:pay sent:send wrote:write written:write made:make did:do done:do took:take
        taken:take got:get gave:give went:go met:meet found:find told:tell brought:bring
        chose:choose built:build sold:sell fed:feed swam:swim ran:run drew:draw spoke:speak
        left:leave swept:sweep rang:ring
    """)
)

NOT_VERBS = words("""
    a an the my our your his her their this that these those some any all both no not of on in
    at to for with from by or and is are was were be if when who which also me him them us it
    i
""")

NOBODY = words("i we you it there he she they that this")
NO_OBJECT = {"me", "us", "you", "it", "that", "… on", "… up"}  # "try it", "go on": no task


def lemma(word: str) -> str:
    """Return the base form of a verb in the past tense, or the word itself."""
    word = word.lower()
    stem = word[:-2] if word.endswith("ed") else ""
    forms = (IRREGULAR.get(word, ""), word, stem, stem + "e", stem[:-1], stem[:-1] + "y")
    return next((form for form in forms if form in VERBS), word)
