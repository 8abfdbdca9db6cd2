"""Users of an organization: adding, inviting, joining, roles, removing (R3, R4, R5), Add User (R8),
join requests (R2).

Public modules: ``inactive``, ``drafts``, ``forms``, ``invitations``, ``join_requests``,
``members``.
"""
