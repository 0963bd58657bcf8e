"""Which names do seeded people, companies and things have?"""

from __future__ import annotations

FIRST_NAMES = (
    "Ada", "Björn", "Carmen", "Dmitri", "Élodie", "Farah", "Gustav", "Hana", "Ines", "Jamal", "Keiko",
    "Lars", "Maeve", "Nadia", "Oskar", "Paloma", "Quentin", "Ravi", "Sigrid", "Tomás", "Ulla", "Viktor",
    "Wanda", "Ximena", "Yusuf", "Zofia", "Anders", "Beatriz", "Chidi", "Delphine", "Emeka", "Fiona",
    "Giulia", "Hugo", "Ida", "Jürgen", "Kofi", "Leila", "Marek", "Noor", "Olga", "Pablo", "Rosa",
    "Samir", "Tove", "Uri", "Vera", "Willem", "Yara", "小明",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Bergström", "Castellano", "Dubois", "Eriksen", "Fischer", "García", "Hoffmann", "Ivanova",
    "Jansen", "Kowalski", "Lambert", "Müller", "Nakamura", "O'Brien", "Petrov", "Quiroga", "Rossi",
    "Sørensen", "Tremblay", "Uzun", "Virtanen", "Weiß", "Ximénez", "Yildiz", "Zając", "Adeyemi",
    "Bauer", "Conti", "Demir", "Espinoza", "Fofanah", "Grün", "Haugen", "Ibrahim", "Jovanović", "Kaya",
    "Lindgren", "Moreau", "Novák", "Okafor", "Pereira", "Ruiz", "Schröder", "Takahashi", "Ünal",
    "Vargas", "Wójcik", "Young", "王",
)  # fmt: skip
COMPANY_HEADS = (
    "Amber", "Blue", "Copper", "Delta", "Ember", "Falcon", "Granite", "Harbor", "Indigo", "Juniper",
    "Kestrel", "Larch", "Meridian", "Nimbus", "Orchard", "Pine", "Quarry", "River", "Summit", "Timber",
)  # fmt: skip
COMPANY_TAILS = ("Analytics", "Foods", "Freight", "Instruments", "Labs", "Textiles", "Works")
STREETS = ("Mill Lane", "Station Road", "Rua das Flores", "Hauptstraße", "5th Avenue", "Rue du Port")
CITIES = (
    ("Lagos", "Lagos", "100001", "Nigeria"),
    ("Pune", "Maharashtra", "411001", "India"),
    ("Zürich", "ZH", "8001", "Switzerland"),
    ("Austin", "Texas", "73301", "United States"),
    ("Osaka", "Osaka", "530-0001", "Japan"),
    ("São Paulo", "SP", "01000-000", "Brazil"),
)
TITLES = ("Buyer", "CTO", "Head of Sales", "Engineer", "Owner", "VP Operations")
PRODUCTS = ("Sensor", "Gateway", "Licence", "Cabinet", "Cable Set")
SUBJECTS = ("Send the offer", "Call back", "Check the contract", "Prepare the demo", "Ask for references")
TEXTS = (
    "Met at the trade show; wants a quote by Friday.",
    'Line one.\nLine two, with a comma, a (bracket) and a "quote".',
    "Prefers e-mail. Budget: about 10 % more than last year.",
    "Спасибо — 谢谢 — ありがとう 🙂",
)
