"""The probe that decides whether a node's Services work must not take a refusal for an answer."""

import struct
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cluster import dns

ANSWER = b"\xc0\x0c" + struct.pack("!2HIH", 1, 1, 5, 4) + bytes([10, 96, 0, 1])


def reply(identifier: int = dns.QUESTION_ID, code: int = 0, answers: bytes = b"", count: int = 0) -> bytes:
    return struct.pack("!6H", identifier, 0x8500 | code, 1, count, 0, 0) + dns.question(dns.NAME)[12:] + answers


class DnsTest(unittest.TestCase):
    def test_question_is_what_rfc_1035_says(self) -> None:
        expected = b"\x00\x5b\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x02bc\x00\x00\x01\x00\x01"
        self.assertEqual(dns.question("a.bc"), expected)

    def test_address_is_found(self) -> None:
        self.assertEqual(dns.addresses(reply(answers=ANSWER, count=1)), ["10.96.0.1"])

    def test_record_of_another_type_is_skipped(self) -> None:
        alias = b"\xc0\x0c" + struct.pack("!2HIH", 5, 1, 5, 2) + b"\xc0\x0c"
        self.assertEqual(dns.addresses(reply(answers=alias + ANSWER, count=2)), ["10.96.0.1"])

    def test_no_such_name_is_no_answer(self) -> None:
        self.assertEqual(dns.addresses(reply(code=3)), [])

    def test_reply_to_another_question_is_no_answer(self) -> None:
        self.assertEqual(dns.addresses(reply(identifier=1, answers=ANSWER, count=1)), [])

    def test_truncated_reply_is_no_answer(self) -> None:
        self.assertEqual(dns.addresses(b"\x00\x5b"), [])


if __name__ == "__main__":
    unittest.main()
