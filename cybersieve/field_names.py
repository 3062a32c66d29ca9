"""What upstreams call the fields of their records, and what in these is words, a date or a public number."""

import re
from functools import lru_cache
from typing import Any


def names_of(text: str) -> list[str]:
    return text.split()


# Field names without case, "_", "-" and "@"; the earlier, the likelier.
IDS = names_of("""id identifier vulnerabilityid uuid guid cveid cve cvenumber stixid recordid advisoryid ghsaid key
    number ref slug eventid accession doi pmid identifiers shortcode""")
CVES = frozenset(names_of("cveid cve cvenumber"))
SURE_IDS = 7  # so many of these are ids wherever they stand at a record's top
OTHERS_IDS = names_of("""parent thread user author owner account org organisation organization team channel guild group
    source product vendor category creator sender reply project link subreddit gravatar license licence session
    reporter commenter actor assignee severity status type""")
WHOLES = names_of("chapter section story")  # numbers of these are a record's where it has no other
TITLES = names_of("""title name headline subject value label heading vulnerabilityname cvetitle shorttitle question
    displayname topic alert rule rulename commonname term preflabel stem""")
CLASSES = frozenset(names_of("label value topic"))  # titles, unless a few of them come again and again
FIRM = names_of("title headline subject heading question stem")  # titles wherever they stand; a name may be a product's
TEXTS = names_of("""description shortdescription longdescription fulldescription extendeddescription desc descr
    definition text content body passage chunk abstract summary synopsis details detail message msg overview diagnosis
    note notes post comment answer story article impact consequence analysis solution mitigation remediation
    recommendation statement instruction prompt context input reasoning thought thoughts output response completion
    extract cooked discussion guidance rationale explanation choices options answers proofofconcept narrative chosen
    documentation document comments information resolution runbook""")
LONG = frozenset(names_of("document comments information resolution"))  # also of files, counts and states
TEXT_ENDS = ("description", "descript", "desc", "descr", "abstract", "text", "article", "summary", "details", "notes",
             "steps", "message", "statement", "procedure", "impact", "explanation", "rationale", "analysis",
             "remediation", "recommendation", "content", "body", "prompt", "response", "answer", "overview", "solution",
             "mitigation", "workaround")
WORDS = frozenset(names_of("tokens token words word sentence sentences text"))  # of a text taken apart
CHOICES = frozenset(names_of("choices options answers"))  # one of which is right, as a field beside them says
ANSWERS = CHOICES | frozenset(names_of("answer response output completion solution explanation chosen"))
RIGHT = names_of("""answer correctanswer answerkey correctoption correct solution correctanswers correctoptions
    correctchoice correctchoices rightanswer groundtruth gt answerindex answeridx correctindex correctanswerindex
    correctoptionindex cop""")
MARKS = frozenset(names_of("correct iscorrect right isright isanswer"))  # of each answer to choose from
EITHER = names_of("summary synopsis shortdescription shortdesc instruction prompt")  # titles of a longer text
ASKING = frozenset(names_of("instruction prompt"))  # of these whatever is longer
# What stands in these is about something else than the record, or about persons, and is no text or title of it. Where a
# record has no other text, that of an OTHERS is taken, of PERSONS never.
PERSONS = frozenset(names_of("""affiliation affiliations rawaffiliationstrings author authors authorships creator
    reporter byline publisher"""))
OTHERS = PERSONS | frozenset(names_of("""license licence licenses licences copyright copyrights copyrighttext
    licensecomments legal disclaimer reference references externalreferences sources milestone citation citations
    highlight highlightresult header headers annotations relationships journal venue booktitle"""))
OTHERS_TITLES = OTHERS - {"header", "headers"}
# What stands in these is about whom or what they name. A text of such a name (a turn of the user) may be the record's.
ROOMS = PERSONS | frozenset(names_of("""user account owner actor member profile submitter poster createdby community
    channel guild team organization organisation project space subreddit issuetype priority card
    repo repository"""))
# Lists of whom the records name, beside these.
PEOPLE = frozenset(names_of("""users members accounts profiles persons people customers employees contacts participants
    organizations organisations"""))
SPEAKERS = frozenset(names_of("assistant bot model system gpt chatgpt"))  # beside these a user is one too
# Words of names of what tells of somebody: `author_bio_text` stands in the author's room, `author_comment` in none.
SOMEBODY = PERSONS | frozenset(names_of("""user account owner member profile submitter poster channel guild team
    community subreddit sender commenter assignee"""))
ABOUT = frozenset(names_of("description desc bio biography about flair signature profile"))
CODE = frozenset(names_of("""raw query search command commands code condition range signature sourcedata rawoutput
    rawrequest rawresponse codeblock snippet codesnippet match pattern regex regexp filter filters"""))
INDICATORS = names_of("sha256 sha256hash sha512 sha1 sha1hash md5 md5hash iocid ioc iocvalue indicator")  # the last ids
META = {
    "published": names_of("""published publishedat publisheddate datepublished datepublic pubdate created createdat
        creationdate dateadded released releasedate issued date timestamp added firstseen firstpublished publicdate
        publicationdate publicationtime publisheddatetime pluginpublicationdate submissiondate disclosedat
        disclosuredate createdutc creationtime posted postedat postedon posteddate dateposted postdate openedat openedon
        dateopened reportedat datereported submittedat datesubmitted issueddate issuedat publishdate publishtime
        time"""),
    "modified": names_of("""modified modifiedat lastmodified lastmodifieddate updated updatedat datemodified dateupdated
        updatedate updateddate lastseen lastupdated modificationdate modificationtime pluginmodificationdate"""),
    "url": names_of("htmlurl weburl url link permalink href webpage uri"),
    "aliases": names_of("aliases alias cves cveids cvelist"),
    "references": names_of("references refs reference urls links citations seealso"),
    "authors": names_of("author authors creator reporter byline"),
    "labels": names_of("tags labels categories category keywords topics"),
    "severity": names_of("severity level risk priority"),
    "licence": names_of("license licence rights"),
}
LABELS = frozenset(META["labels"])
NAMED = frozenset(IDS).union(TITLES, TEXTS, EITHER, *META.values())
STATUSES = names_of("status state vulnstatus recordstatus")
FLAGS = {"deleted": names_of("deleted isdeleted deletedat deleteat removed isremoved removedat dead"),
         "revoked": names_of("revoked isrevoked"),
         "withdrawn": names_of("withdrawn iswithdrawn withdrawnat withdrawndate datewithdrawn"),
         "deprecated": names_of("deprecated isdeprecated xmitredeprecated deprecatedat"),
         "obsolete": names_of("obsolete isobsolete"), "retracted": names_of("retracted isretracted retractedat"),
         "rejected": names_of("rejected isrejected rejectedat rejecteddate daterejected")}

PUBLIC = re.compile(r"[A-Z]{2,10}(?:-[A-Z]{2,8})*[-:]\d[\w.:-]{0,30}|GHSA(?:-\w{4}){3}")  # CVE-2014-0160
_NUMBER = re.compile("[0-9]+|[0-9A-Fa-f-]{24,}")
_ADVISORY = re.compile(r"(?:[A-Z]+-)+\d{4}[-:]\w+|GHSA(?:-\w{4}){3}|[TGSM]\d{4}(?:\.\d{3})?")  # or ATT&CK's
_ADDRESS = re.compile(r"https?://\S+")
_BASE64 = re.compile(r"(?=[\w+/\s]{100})(?=[^A-Z]*+[A-Z])(?=[^a-z]*+[a-z])(?=\D*+\d)"
                     r"[A-Za-z0-9+/]{60,}+\s?(?:[A-Za-z0-9+/]+\s?)*+={0,2}\s*")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:")
_OF_DATES = re.compile(r"\b(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?|jan(?:uary)?"
                       r"|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
                       r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|[ap]m|gmt|utc|[ecmp][sd]?t|cest|at|of)\b"
                       r"|(?<=\d)(?:st|nd|rd|th|t|z)\b", re.I)
# The same in fewer characters: with what fills it up, or longer than a word.
_SHORT_BASE64 = re.compile(r"(?=[^A-Z]*+[A-Z])(?=[^a-z]*+[a-z])(?:(?=\D*+\d)(?:[A-Za-z0-9+/]{4}){8,25}"
                           r"|(?:[A-Za-z0-9+/]{4}){4,25}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=))\s?")
LONGEST_DATE, LONGEST_KEY = 50, 100  # characters
_PARTS = re.compile("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")  # of a key: author_flair_text, authorFlairText
_LETTERS = re.compile(r"[^\W\d_]{2}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]{6}")  # six letters in a row of scripts that put no spaces


def has_words(value: Any) -> bool:
    """Is this a text of several words? A time is none, nor is a range of versions (> 5.13.15, < 6.4.6)."""
    return isinstance(value, str) and ((" " in value and bool(_LETTERS.search(value)) and not _TIME.match(value)
                                        and not _date(value)) or unspaced(value))


def unspaced(text: str) -> bool:
    """Has the text words of a script that puts no spaces between them?"""
    return not text.isascii() and bool(_UNSPACED.search(text))


def _date(text: str) -> bool:
    """Is this a date in words: Apr 15, 2025, 8:30:58 PM?"""
    return len(text) <= LONGEST_DATE and any(map(str.isdigit, text)) and not _LETTERS.search(_OF_DATES.sub("", text))


def plain(key: str) -> str:
    """A key as it is compared. Each is asked for a dozen times in a row; long ones are not remembered."""
    return _plain(key) if len(key) <= LONGEST_KEY else _compared(key)


def _compared(key: str) -> str:
    word = key.rpartition(":")[2].lower()
    return word if word.isascii() and word.isalnum() else re.sub(r"[\W_]", "", word)


_plain = lru_cache(4096)(_compared)


def owner(key: str) -> str:
    """Whom or what, by the first of the words in its name, a field belongs to that the record only names."""
    first, *more = parts(key) or [""]
    return first if more and (first in ROOMS or first in OTHERS_IDS) else ""


def about(key: str) -> str:
    """Of whom or what does a field tell by its name, as `author_bio_text` does, unlike `author_comment`?"""
    first = "" if ABOUT.isdisjoint(parts(key)) else owner(key)
    return first if first in SOMEBODY else ""


def parts(key: str) -> list[str]:
    """The words in a key."""
    return [part.lower() for part in _PARTS.findall(key)]


def address(text: str) -> bool:
    """Is this a page's address, and no word beside it?"""
    return bool(_ADDRESS.fullmatch(text))


def encoded(text: Any) -> bool:
    """Is this base64, in one run or in lines of one length?"""
    return isinstance(text, str) and bool(_BASE64.fullmatch(text) or _SHORT_BASE64.fullmatch(text))


def textual(key: str) -> bool:
    """Is a field of this name a text?"""
    return plain(key) in TEXTS or plain(key).endswith(TEXT_ENDS)


def numeric(key: str) -> bool:
    """Is the key a number or a hash, not a name?"""
    return bool(_NUMBER.fullmatch(key) or PUBLIC.fullmatch(key))


def advisory(tree: dict[str, Any]) -> bool:
    """Has the object an advisory's public number (CVE-2014-0160, RHSA-2014:0376, T1059) for its own?"""
    return any(isinstance(value, str) and _ADVISORY.fullmatch(value) and plain(key) in (*IDS, *TITLES)
               for key, value in tree.items())
