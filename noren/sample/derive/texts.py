"""How source text is cleaned: NFC, trimmed, unwrapped from its CSV quotes. The words stay as they are."""

import re
import unicodedata

# Culture names of the source, as it spells them, to BCP 47. Inuktitut is left out: its text is the keystrokes
# of an old syllabics font ("se8i3X6"), not Unicode, and nobody could read it.
LOCALES = {
    "English": "en", "French": "fr", "Chinese": "zh-Hans", "Arabic": "ar", "Hebrew": "he", "Thai": "th",
    "German": "de", "Japanese": "ja", "Turkish": "tr",
    "Afrikaans": "af", "Albanian": "sq", "Basque": "eu", "Bosnian (Cyrillic)": "bs-Cyrl",
    "Bosnian (Latin)": "bs", "Brazilian": "pt-BR", "Bulgarian": "bg", "Catalan": "ca",
    "Chinese - Hongkong": "zh-Hant-HK", "Chinese - Trad": "zh-Hant", "Croatian": "hr", "Czech": "cs",
    "Danish": "da", "Dutch": "nl", "Estonian": "et", "Farsi": "fa", "Finnish": "fi", "Galician": "gl",
    "Greek": "el", "Gujrati": "gu", "Hindi": "hi", "Hungarian": "hu", "Icelandic": "is", "Indonesian": "id",
    "Irish": "ga", "Italian": "it", "Kannada": "kn", "Kazakh": "kk", "Konkani": "kok", "Korean": "ko",
    "Latvian": "lv", "Lithuanian": "lt", "Luxenbourgish": "lb", "Macedonian": "mk", "Malaysian": "ms",
    "Maori": "mi", "Marathi": "mr", "Nepali": "ne", "Norwegian": "nb", "Nynorsk": "nn", "Pashto": "ps",
    "Polish": "pl", "Portuguese (European)": "pt", "Punjabi": "pa", "Quecha": "qu", "Romanian": "ro",
    "Rumansh": "rm", "Russian": "ru", "Serbian - Cyrillic": "sr", "Serbian - Latin": "sr-Latn",
    "Slovak": "sk", "Slovenian": "sl", "Spanish": "es", "Swahili": "sw", "Swedish": "sv", "Tamil": "ta",
    "Telugu": "te", "Tswana": "tn", "Ukrainian": "uk", "Urdu": "ur", "Vietnamese": "vi", "Welsh": "cy",
    "Zulu": "zu",
}  # fmt: skip


def clean(text: str) -> str:
    """NFC without surrounding blanks or the quotes a CSV export left around texts with commas."""
    text = text.strip()
    if len(text) > 1 and text.startswith('"') and text.endswith('"'):
        text = text[1:-1].replace('""', '"').strip()
    return unicodedata.normalize("NFC", text)


def slug(name: str) -> str:
    """`Men's Sports Shorts` becomes `mens-sports-shorts`."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower().replace("'", "")).strip("-")


def shared_name(names: list[str], colors: frozenset[str]) -> str:
    """What all variant names begin with, word by word, less the words of colour and size they differ in."""
    words = [name.split() for name in names]
    shared: list[str] = []
    for column in zip(*words, strict=False):
        if len(set(column)) > 1:
            break
        shared.append(column[0])
    if len(names) > 1:
        while shared and shared[-1].strip(",:-").lower() in colors | {"", "taille"}:
            shared.pop()
    return " ".join(shared).rstrip(" ,:-")
