"""Words that rosters use for columns and roles, in common languages and spellings."""

import re
import unicodedata
from enum import StrEnum

from subscriptions.policy.members import Role


class Column(StrEnum):
    """The content of a column in a roster."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    ROLE = "role"
    STATUS = "status"


# Under an _ACTIVE heading, "yes" means active; under _INACTIVE, "yes" or a date means inactive.
_ACTIVE = (
    "active, is active, active member, active official, currently active, active?, current, "
    "current member, enabled, activo, activa, actif, active membre, aktiv, actief, attivo, ativo"
)
_INACTIVE = (
    "inactive, is inactive, inactive member, inactive since, inactive date, retired, retired on, "
    "is retired, archived, is archived, suspended, disabled, deactivated, deleted, former, "
    "former member, inactivo, inactiva, inactif, inaktiv, retirado, baja, fecha de baja"
)
_COLUMNS = {
    Column.EMAIL: (
        "email, e-mail, mail, email address, e-mail address, mail address, email id, login, "
        "primary email, personal email, contact email, work email, email 1, "
        "correo, correo electronico, direccion de correo, courriel, adresse courriel, "
        "adresse e-mail, adresse email, mail-adresse, e-mail-adresse, emailadres, indirizzo email, "
        "endereco de email, posta elettronica"
    ),
    Column.NAME: (
        "name, full name, member, member name, display name, official, official name, referee, "
        "umpire, person, contact, contact name, first and last name, first & last name, "
        "last name first name, nombre completo, nombre y apellidos, nom complet, nom et prenom, "
        "vollstandiger name, vor- und nachname, volledige naam, nome completo, naam"
    ),
    Column.FIRST_NAME: (
        "first name, first, given name, given names, forename, firstname, fname, christian name, "
        "nombre, nombres, prenom, vorname, voornaam, nome, primer nombre"
    ),
    Column.LAST_NAME: (
        "last name, last, surname, family name, lastname, lname, second name, "
        "apellido, apellidos, nom, nom de famille, nachname, familienname, achternaam, cognome, "
        "sobrenome, primer apellido"
    ),
    Column.ROLE: (
        "role, roles, user role, member role, membership role, access level, access, "
        "rol, role utilisateur, rolle, ruolo, papel"
    ),
    # Vague headings come last; they only count if their cells say who is inactive.
    Column.STATUS: (
        f"status, {_ACTIVE}, {_INACTIVE}, member status, membership status, account status, "
        "user status, official status, umpire status, referee status, active status, "
        "active/inactive, active or inactive, standing, member standing, estado, estatus, "
        "situacion, statut, member type, membership type, official type, membership, state, type, "
        "category, class, classification"
    ),
}

_ROLES = {
    Role.GENERAL_MEMBER: (
        "general member, general, member, members, user, official, officials, referee, umpire, "
        "judge, standard, miembro, miembro general, arbitro, membre, membre general, arbitre, "
        "mitglied, schiedsrichter"
    ),
    Role.OBSERVER: (
        "observer, observers, evaluator, viewer, read only, observador, observadora, observateur, "
        "observatrice, beobachter, beobachterin"
    ),
    Role.OBSERVER_WITH_FINANCE: (
        "observer with finance, observer finance, observer (finance), observer + finance, "
        "observer and finance, finance observer, finance, treasurer, observador con finanzas, "
        "observadora con finanzas, tesorero, observateur avec finances, "
        "observatrice avec finances, tresorier, kassierer"
    ),
    Role.ASSIGNOR: (
        "assignor, assignors, assigner, assignor/scheduler, scheduler, designador, designadora, "
        "asignador, asignadora, repartiteur, repartitrice, designateur, ansetzer"
    ),
    Role.ADMINISTRATOR: (
        "administrator, administrators, admin, admins, system administrator, site administrator, "
        "administrador, administradora, administrateur, administratrice"
    ),
}


# Beginnings of cells that mean "inactive".
_INACTIVE_STATUSES = (
    "inactiv, inactif, inaktiv, not active, non active, non actif, no activ, nicht aktiv, retired, "
    "retirad, retrait, resign, suspend, suspens, former, decease, fallecid, decede, terminat, "
    "archiv, disabled, deactivat, desactiv, lapsed, expired, vencid, dropped, removed, deleted, "
    "withdrawn, withdrew, quit, on leave, leave of absence, dormant, banned, blocked, cancel, "
    "no longer, not returning, departed, ex member, past member, jubilad, baja, dado de baja, "
    "demission, ancien, ausgetreten, passiv, ehemalig"
)
_ACTIVE_STATUSES = "active, activo, activa, actif, aktiv, current, enabled, in good standing, good"
_YES = "yes, y, true, t, 1, x, si, oui, ja, wahr, vrai, verdadero"
_NO = "no, n, false, f, 0, non, nein, falsch, faux, falso"
_MARKS = {
    "✓": "yes",
    "✔": "yes",
    "☑": "yes",
    "✅": "yes",
    "✗": "no",
    "✘": "no",
    "❌": "no",
    "☐": "no",
}


def fold(text: str) -> str:
    """Keep only letters and digits, ignoring case and accents, to compare spellings."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(c for c in plain if not unicodedata.combining(c)))


_COLUMNS_BY_HEADING = {
    fold(word): (column, rank)
    for column, words in _COLUMNS.items()
    for rank, word in enumerate(words.split(", "))
}
_ROLES_BY_NAME = {fold(word): role for role, words in _ROLES.items() for word in words.split(", ")}
_ACTIVE_HEADINGS, _INACTIVE_HEADINGS, _ACTIVE_WORDS, _INACTIVE_STARTS, _YES_WORDS, _NO_WORDS = (
    tuple(map(fold, words.split(", ")))
    for words in (_ACTIVE, _INACTIVE, _ACTIVE_STATUSES, _INACTIVE_STATUSES, _YES, _NO)
)
_ROLES_BY_NAME |= {fold(role.value): role for role in Role}


def read_heading(text: str) -> tuple[Column, int] | None:
    """Return the column a heading names, and a rank: lower is more certain."""
    # "Email*" and "E-mail (required)" match too.
    return _COLUMNS_BY_HEADING.get(fold(text)) or _COLUMNS_BY_HEADING.get(
        fold(text.partition("(")[0])
    )


def yes_means_active(heading: str) -> bool:
    """Whether "yes" under this heading means that a person is active."""
    return fold(heading) in _ACTIVE_HEADINGS


def is_inactive_status(heading: str, text: str) -> bool | None:
    """Whether a cell under a status heading means inactive; None if it says neither."""
    word = fold(_MARKS.get(text.strip()[:1], text))
    if word.startswith(_INACTIVE_STARTS):
        return True
    if word in _ACTIVE_WORDS:
        return False
    if word and fold(heading) in _INACTIVE_HEADINGS:
        return word not in _NO_WORDS
    if yes_means_active(heading) and word in _YES_WORDS + _NO_WORDS:
        return word in _NO_WORDS
    return None


def read_role(text: str) -> Role | None:
    """Return the role, General member if the cell is empty, None if it is unclear."""
    word = fold(text)
    return _ROLES_BY_NAME.get(word) if word else Role.GENERAL_MEMBER
