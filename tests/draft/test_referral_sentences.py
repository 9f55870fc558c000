"""Every sentence of the draft about following a referral, and the tests that prove it.

Rule: the sentences are read from the draft.  One that is new or was changed fails here until a test
is named for it; one that only explains says so.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from draft_source import read_source

TESTS: Final = Path(__file__).resolve().parent.parent
EXPLAINS: Final = ()
"""A sentence that demands nothing by itself."""

POLICY: Final = "reference/test_referral_policy.py"
KEYS: Final = "reference/test_keys.py"
STEPS: Final = "network/test_referral_procedure.py"
LMTP: Final = "network/test_proxy_lmtp.py"
SMTP: Final = "network/test_proxy_smtp.py"
BACKENDS: Final = "network/test_proxy_backends.py"
LOOPS: Final = "network/test_proxy_loops.py"
HOSTILE: Final = "network/test_proxy_hostile.py"
TLS: Final = "network/test_proxy_tls.py"
SENDING: Final = "network/test_sending.py"
CREDENTIALS: Final = "network/test_sending_credentials.py"

OFF: Final = (
    f"{POLICY}::test_nothing_is_followed_by_default",
    f"{STEPS}::test_by_default_a_referral_leads_nowhere",
    f"{LMTP}::test_a_referral_is_not_followed_by_default",
    f"{SENDING}::test_no_referral_is_followed_by_default",
)
TRUSTED: Final = (
    f"{POLICY}::test_a_referral_counts_from_a_listed_peer_or_on_a_secured_session_if_that_is_configured",
    f"{POLICY}::test_switching_it_on_alone_follows_nothing",
    f"{STEPS}::test_no_stranger_refers",
)
LISTED: Final = (
    f"{POLICY}::test_the_address_that_is_connected_to_decides",
    f"{POLICY}::test_switching_it_on_alone_follows_nothing",
    f"{STEPS}::test_by_default_a_referral_leads_nowhere",
    f"{LMTP}::test_a_referral_goes_nowhere_the_lists_do_not_allow",
)
RESOLVED: Final = (
    f"{STEPS}::test_a_name_is_resolved_once_and_the_address_that_was_checked_is_connected_to",
    f"{STEPS}::test_addresses_the_policy_refuses_are_dropped_and_the_others_used",
    f"{POLICY}::test_a_host_is_the_same_on_another_port_only_if_the_port_is",
)
PROTECTED: Final = (
    f"{TLS}::test_a_referral_over_tls_leads_to_a_host_with_a_certificate_for_the_host_of_the_uri",
    f"{TLS}::test_a_host_without_a_certificate_for_the_host_of_the_uri_is_passed_over",
    f"{TLS}::test_no_referral_leads_from_tls_to_a_host_without_it",
    f"{TLS}::test_a_connection_checked_under_one_name_is_not_used_for_another_name",
    f"{TLS}::test_a_connection_without_tls_is_not_used_again_for_a_referral_that_came_over_tls",
    f"{POLICY}::test_a_session_is_used_only_when_nothing_is_lost",
)
NO_CREDENTIALS: Final = (
    f"{CREDENTIALS}::test_credentials_are_said_to_the_server_and_never_to_a_host_it_refers_to",
    f"{STEPS}::test_a_hostile_uri_leads_nowhere_even_under_a_careless_policy",
)
LOOPING: Final = (
    f"{LOOPS}::test_a_loop_ends_with_the_code_for_it",
    f"{LOOPS}::test_the_proxy_itself_is_part_of_a_loop",
    f"{LOOPS}::test_the_proxy_knows_itself_under_another_address",
    f"{LOOPS}::test_three_referrals_are_followed_and_the_fourth_is_not",
    f"{HOSTILE}::test_a_host_that_refers_to_itself_is_asked_once",
    f"{HOSTILE}::test_a_chain_of_a_hundred_referrals_ends_at_the_fourth_host",
    f"{POLICY}::test_more_than_three_referrals_are_a_loop",
)
ONE_HOST: Final = (
    f"{SMTP}::test_a_recipient_on_another_host_is_told_to_wait_and_is_not_followed",
    f"{SMTP}::test_a_permanent_referral_that_may_not_be_followed_is_a_transient_failure",
    f"{SMTP}::test_recipients_whose_hosts_differ_by_configuration_come_one_at_a_time",
)
PARSED: Final = (
    f"{KEYS}::test_a_hostile_referral_uri_is_refused",
    f"{POLICY}::test_a_uri_the_grammar_refuses_makes_no_referral",
    f"{STEPS}::test_a_hostile_uri_leads_nowhere_even_under_a_careless_policy",
    f"{STEPS}::test_a_good_uri_beside_a_hostile_one_is_not_used_either",
)

SENTENCES: Final[dict[str, tuple[str, ...]]] = {
    "A client may always treat a referral as if it were not there.": OFF,
    "One that follows it does so by the rules of this section.": EXPLAINS,
    "A client MUST NOT follow referrals unless it is configured to.": OFF,
    "A client MUST NOT follow a referral unless the server that sent it is a trusted peer.": (
        TRUSTED
    ),
    "A host that was found through the MX records of the recipient's domain is not a trusted peer"
    " on that ground.": TRUSTED,
    "A client that follows referrals MUST have a list of networks and ports it may be referred to,"
    " and MUST NOT connect elsewhere because of a referral.": LISTED,
    "It MUST NOT connect to a multicast or unspecified address, nor to a loopback or link-local"
    " address, unless the list has an entry for just such addresses.": (
        f"{POLICY}::test_loopback_and_link_local_need_an_entry_of_their_own",
        f"{STEPS}::test_no_list_of_all_networks_opens_the_machine_itself",
    ),
    "The reply has a REFERRAL group that is used, by .": (
        f"{BACKENDS}::test_brackets_of_a_backend_without_the_keyword_are_text",
        f"{STEPS}::test_a_hostile_uri_leads_nowhere_even_under_a_careless_policy",
    ),
    "In a reply to RCPT it is about that recipient; in a reply to MAIL, about all recipients of the"
    " transaction.": (
        f"{LMTP}::test_the_scenario_of_the_list_message",
        f"{BACKENDS}::test_a_referral_in_the_reply_to_mail_is_about_every_recipient",
    ),
    "A client that follows it MUST do so in these steps:": (
        f"{SENDING}::test_referrals_are_followed_when_that_is_configured",
        f"{LMTP}::test_the_scenario_of_the_list_message",
    ),
    "The recipient is not part of this transaction, since its RCPT failed.": (
        f"{LMTP}::test_the_scenario_of_the_list_message",
        f"{STEPS}::test_after_the_new_host_has_taken_the_recipient_no_other_is_asked",
    ),
    "The client goes on with the other recipients as if the group were not there.": (
        f"{LMTP}::test_the_scenario_of_the_list_message",
        f"{SENDING}::test_no_referral_is_followed_by_default",
    ),
    "The client takes the URIs one after the other, in the order given, until one is usable.": (
        f"{LMTP}::test_the_first_usable_host_is_taken",
        f"{POLICY}::test_uris_are_tried_in_order_with_their_port_or_the_inherited_one",
    ),
    "If the URI has no port, the port is that of the connection on which the reply came.": (
        f"{LMTP}::test_a_uri_without_a_port_means_the_port_the_reply_came_from",
        f"{POLICY}::test_uris_are_tried_in_order_with_their_port_or_the_inherited_one",
    ),
    "The client MUST skip a URI that has no port if that connection had none, and, in LMTP, a URI"
    " that leads to port 25.": (
        f"{POLICY}::test_lmtp_is_never_sent_to_port_25_and_a_port_must_come_from_somewhere",
        f"{LMTP}::test_lmtp_is_not_sent_to_port_25",
    ),
    "The client resolves the host once, drops the addresses its policy refuses and those it has"
    " visited for this recipient, and MUST connect to one of the addresses it checked, without"
    " resolving again.": RESOLVED,
    "It opens a session in the same protocol, SMTP or LMTP, and begins a new transaction with the"
    " same MAIL and RCPT parameters and the same content.": (
        f"{STEPS}::test_parameters_of_rcpt_go_on_and_a_host_that_cannot_take_them_is_passed_over",
        f"{STEPS}::test_the_new_transaction_has_the_same_parameters_and_the_same_content",
        f"{SENDING}::test_referrals_are_followed_when_that_is_configured",
    ),
    "Recipients with equal REFERRAL groups may share it.": (
        f"{SMTP}::test_two_recipients_referred_to_one_host_share_a_transaction",
    ),
    "The session MUST NOT have less protection than the one the reply came on: if that one was"
    " encrypted this one must be, and the certificate is checked against the host of the URI under"
    " the policy that applied before.": PROTECTED,
    "If the new host cannot be reached, cannot give that protection, or does not offer an extension"
    " that the transaction needs, the client goes on to the next URI.": (
        f"{LMTP}::test_the_first_usable_host_is_taken",
        f"{TLS}::test_a_host_without_a_certificate_for_the_host_of_the_uri_is_passed_over",
        f"{BACKENDS}::test_a_host_that_lacks_an_extension_the_message_needs_is_skipped",
    ),
    "The client MUST NOT send AUTH or any stored credential to the new host because of the"
    " referral.": NO_CREDENTIALS,
    "Once the new host has answered the MAIL or RCPT command of the new transaction, its replies"
    " are the result for this recipient.": (
        f"{STEPS}::test_the_new_hosts_refusal_of_mail_or_rcpt_is_the_result",
        f"{LMTP}::test_the_answer_of_the_referred_host_is_final",
    ),
    "A client MUST NOT try another URI, or the first host again, for a recipient that has been"
    " accepted.": (
        f"{STEPS}::test_after_the_new_host_has_taken_the_recipient_no_other_is_asked",
        f"{HOSTILE}::test_no_recipient_that_got_a_2yz_is_tried_again_anywhere",
        f"{SENDING}::test_a_message_that_may_have_been_taken_is_not_sent_again",
    ),
    "If that reply is itself a referral, the client may follow it by the same steps.": (
        f"{LOOPS}::test_three_referrals_are_followed_and_the_fourth_is_not",
        f"{SENDING}::test_referrals_are_followed_when_that_is_configured",
    ),
    "It MUST keep the resolved addresses and ports it has visited for the recipient, and MUST NOT"
    " connect to one of them again, nor follow more than three referrals in a row.": LOOPING,
    "If no URI is usable and one of them was left out for one of these two reasons, the result is a"
    " routing loop: 451 4.4.6 if the last referral was a 4yz reply, 554 5.4.6 if it was 5yz.": (
        f"{LOOPS}::test_a_loop_ends_with_the_code_for_it",
        f"{POLICY}::test_what_is_left_when_no_host_was_usable",
    ),
    "If no URI is usable for another reason, a 4yz reply stands as it was received, and the client"
    " MUST treat a 5yz reply as a transient failure.": (
        f"{POLICY}::test_what_is_left_when_no_host_was_usable",
        f"{LMTP}::test_a_referral_goes_nowhere_the_lists_do_not_allow",
        f"{TLS}::test_no_referral_leads_from_tls_to_a_host_without_it",
    ),
    "A client MUST NOT remember a referral beyond the message it was sent for.": (
        f"{STEPS}::test_nothing_is_remembered_for_the_next_message",
    ),
    "A proxy without a queue must give its own client one answer for each recipient.": (
        f"{HOSTILE}::test_too_few_and_too_many_results_still_give_one_for_each_recipient",
    ),
    "In LMTP it can, since LMTP has one reply for each recipient after the message.": (
        f"{LMTP}::test_replies_after_the_content_are_in_the_order_of_the_recipients",
        f"{HOSTILE}::test_a_host_that_fails_at_the_content_fails_for_its_recipients_only",
    ),
    "In SMTP there is one reply for all of them, and a message that one backend accepts and another"
    " refuses has no truthful answer.": EXPLAINS,
    "A proxy without a queue whose client speaks SMTP, without per-recipient replies, MUST NOT"
    " follow a referral when the transaction has, or may still get, a recipient on another"
    " host.": ONE_HOST,
    "It answers that RCPT with the 4yz reply, without the group; its client tries again later.": (
        f"{SMTP}::test_a_recipient_on_another_host_is_told_to_wait_and_is_not_followed",
    ),
    # Security Considerations
    "A referral makes a client connect to a host that somebody else named, and give it a"
    " message.": EXPLAINS,
    "A hostile server, or one that an attacker can write replies for, could use that to read mail,"
    " to reach services inside the client's network, to multiply traffic, or to make the client"
    " wait.": (
        f"{HOSTILE}::test_a_referral_to_many_hosts_costs_a_bounded_number_of_connections",
        f"{HOSTILE}::test_a_host_that_stalls_holds_a_recipient_no_longer_than_the_limit",
    ),
    "The rules of exist for these reasons:": EXPLAINS,
    "following is off by default, and then only for trusted peers, so that it never happens between"
    " the mail exchangers of different organizations;": (*OFF, *TRUSTED),
    "the target must be within a configured list of networks and ports, and is resolved once, so"
    " that a name cannot answer differently between the check and the connection;": (
        *LISTED,
        *RESOLVED,
    ),
    "encryption is never lost and the certificate is checked against the new host;": PROTECTED,
    "credentials are not sent: warned in 1997 of servers that collect passwords by referral;": (
        NO_CREDENTIALS
    ),
    "visited addresses and the number of hops bound loops and chains, and eight URIs bound the"
    " fan-out.": (
        *LOOPING,
        f"{HOSTILE}::test_a_referral_to_many_hosts_costs_a_bounded_number_of_connections",
        f"{KEYS}::test_a_value_its_rule_refuses_cannot_be_built",
    ),
    "A client MUST parse the URI by the rule referral-uri and refuse everything else.": PARSED,
    "General URI parsers drop line breaks, map other scripts' letters to ASCII, read 127.1 as an"
    ' address, or accept two "@", and then connect to a host the check did not see.': PARSED,
    "A host name in a referral also tells the client's resolver, and whoever answers it, that a"
    " message is being sent.": (f"{STEPS}::test_by_default_a_referral_leads_nowhere",),
}

ATTACKS: Final[dict[str, tuple[str, ...]]] = {
    "a URI that smuggles commands, NUL, user information or 8-bit octets": PARSED,
    "a URI that leads into the machine, the network or another service": (
        *LISTED,
        *RESOLVED,
        f"{STEPS}::test_no_list_of_all_networks_opens_the_machine_itself",
    ),
    "loops, chains and fans of referrals": (
        *LOOPING,
        f"{HOSTILE}::test_a_referral_to_many_hosts_costs_a_bounded_number_of_connections",
    ),
    "less TLS, or credentials for another host": (*PROTECTED, *NO_CREDENTIALS),
}
"""The classes of attack by referral, each denied by default or bounded."""


def sentences_of(*sections: str) -> list[str]:
    """The sentences of sections of the draft; its source has one a line."""
    found = []
    for section in read_source().iter("section"):
        if section.get("anchor") in sections:
            found += [line for element in section.iter() for line in _lines(element)]
    return found


def _lines(element: ElementTree.Element) -> list[str]:
    if element.tag not in {"t", "li"}:
        return []
    lines = (" ".join(line.split()) for line in "".join(element.itertext()).split("\n"))
    return [line for line in lines if line]


@cache
def functions_of(module: str) -> dict[str, ast.FunctionDef]:
    tree = ast.parse((TESTS / module).read_text("utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_sentence_about_referrals_has_its_tests_or_explains_only():
    assert list(SENTENCES) == sentences_of("referral", "security-referral")


def test_every_sentence_that_demands_something_names_a_test():
    demands = ("MUST", "SHOULD", " may ", "stands")
    for sentence, tests in SENTENCES.items():
        assert tests or not any(word in sentence for word in demands), sentence


@pytest.mark.parametrize(
    "test", sorted({test for tests in (*SENTENCES.values(), *ATTACKS.values()) for test in tests})
)
def test_every_named_test_exists_and_asserts_something(test: str):
    module, _, name = test.partition("::")
    function = functions_of(module)[name]
    asserts = [node for node in ast.walk(function) if isinstance(node, ast.Assert)]
    raises = "pytest.raises" in ast.unparse(function)
    assert asserts or raises
