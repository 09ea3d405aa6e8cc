import pathlib
import unittest

from consilium_site.errors import Error, ErrorCode
from consilium_site.settings import parse_settings

SOUND = {"name": "site_a", "coordinator": "localhost:7443", "keys": "keys", "folder": "state", "trainer": "consilium_site.trainers.toy:Pull"}


class Settings(unittest.TestCase):
    def test_paths_are_taken_from_the_folder_of_the_file(self):
        found = parse_settings(SOUND | {"coordinator": "@hub/address", "keys": "/etc/keys"}, "s.json", pathlib.Path("/site"))
        self.assertEqual((found.keys, found.folder, found.coordinator), ("/etc/keys", "/site/state", "@/site/hub/address"))
        self.assertEqual((found.give_up_seconds, found.options), (3600, {}))

    def test_what_is_wrong_is_named(self):
        for more, words in (({"foldr": 1}, "foldr"), ({"name": "../x"}, "name"), ({"name": ".x"}, "name"), ({"coordinator": "localhost"}, "coordinator"), ({"coordinator": "h:70000"}, "coordinator"),
                            ({"coordinator": "::1:7"}, "coordinator"), ({"give_up_seconds": 0}, "give_up_seconds"), ({"give_up_seconds": True}, "give_up_seconds"), ({"trainer": "x"}, "trainer"),
                            ({"options": []}, "options"), ({"keys": 3}, "keys"), ({"schema": "x"}, "schema")):
            with self.subTest(more), self.assertRaises(Error) as caught:
                parse_settings(SOUND | more, "s.json", pathlib.Path("/"))
            self.assertEqual(caught.exception.code, ErrorCode.USAGE)
            self.assertIn(words, str(caught.exception))
        for key in SOUND:
            with self.assertRaises(Error):
                parse_settings({name: value for name, value in SOUND.items() if name != key}, "s.json", pathlib.Path("/"))
