"""A site's certificate and key, checked here with words before a handshake would only fail."""
import pathlib
import ssl
from dataclasses import dataclass

from .errors import Error, ErrorCode, require
from .files import read_file

_LIMIT = 1 << 20


@dataclass
class TlsPems:
    authority: bytes
    certificate: bytes
    key: bytes


def read_tls_files(folder, name):
    """ca.crt, NAME.crt and NAME.key of `folder`.

    Raises NOT_FOUND, CORRUPT_DATA for what is no certificate or key, MISMATCH for another owner's, REFUSED for one that has expired, that the authority did
    not sign, or that is not a site's.
    """
    folder = pathlib.Path(folder)
    authority, certificate, key = folder / "ca.crt", folder / f"{name}.crt", folder / f"{name}.key"
    pems = TlsPems(*(read_file(file, _LIMIT) for file in (authority, certificate, key)))
    subject = _subject_of(authority, certificate, key)
    require(subject.get("organizationalUnitName") == "site", ErrorCode.REFUSED, f"{certificate}: is not the certificate of a site")
    found = subject.get("commonName", "")
    require(found == name, ErrorCode.MISMATCH, f'{certificate}: is the certificate of "{found}", not of "{name}"')
    return pems


def _subject_of(authority, certificate, key):
    """What a server of this authority would see: a handshake in memory, with the site's certificate on both ends."""
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE  # the other end is this function
    server.verify_mode = ssl.CERT_REQUIRED
    try:
        server.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise Error(ErrorCode.CORRUPT_DATA, f"{authority}: is no PEM certificate") from error
    for context in (client, server):
        try:
            # A key with a passphrase cannot be used by a program that restarts on its own: no prompt.
            context.load_cert_chain(certificate, key, password=lambda: "")
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise Error(ErrorCode.MISMATCH, f"{key}: is not the key of {certificate}") from error
            raise Error(ErrorCode.CORRUPT_DATA, f"{certificate}, {key}: are no PEM certificate and key without a passphrase") from error
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(to_client, to_server), server.wrap_bio(to_server, to_client, server_side=True)]
    open_ends = list(ends)
    try:
        while open_ends:
            for end in list(open_ends):
                try:
                    end.do_handshake()
                    open_ends.remove(end)
                except ssl.SSLWantReadError:
                    pass
    except ssl.SSLCertVerificationError as error:
        raise Error(ErrorCode.REFUSED, f"{certificate}: does not pass with the authority in {authority}: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise Error(ErrorCode.CORRUPT_DATA, f"{certificate}: cannot be used: {error.reason}") from error
    return {key_: value for part in ends[1].getpeercert()["subject"] for key_, value in part}
