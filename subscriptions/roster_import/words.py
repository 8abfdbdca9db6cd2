"""The words that rosters use for their columns and for roles, in the spellings people know."""

import re
import unicodedata
from enum import StrEnum

from subscriptions.policy.members import Role


class Column(StrEnum):
    """What a column of a roster holds."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    ROLE = "role"


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


def folded(text: str) -> str:
    """Letters and digits only, without case and accents, so that spellings meet."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[\W_]+", "", "".join(c for c in plain if not unicodedata.combining(c)))


_COLUMN_OF = {
    folded(word): (column, rank)
    for column, words in _COLUMNS.items()
    for rank, word in enumerate(words.split(", "))
}
_ROLE_OF = {folded(word): role for role, words in _ROLES.items() for word in words.split(", ")}
_ROLE_OF |= {folded(role.value): role for role in Role}


def read_heading(text: str) -> tuple[Column, int] | None:
    """The column that a heading names; the lower the number, the surer."""
    return _COLUMN_OF.get(folded(text))


def read_role(text: str) -> Role | None:
    """The role that was meant; General member where nothing was typed, None where it is unclear."""
    word = folded(text)
    return _ROLE_OF.get(word) if word else Role.GENERAL_MEMBER
