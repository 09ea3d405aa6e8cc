#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/pacs/pacs_programs.h"

namespace consilium {
namespace {

using test::ListeningConsilium;
using test::Outcome;
using test::pacs;
using test::run_program;
using testing::HasSubstr;
using testing::Not;

Outcome storescu(const ListeningConsilium& listener, const std::vector<fs::path>& files, const std::string& title = "STORESCU") {
  std::vector<std::string> words{"/usr/bin/storescu", "-v", "-aet", title, "-aec", "CONSILIUM", "-R", "127.0.0.1", std::to_string(listener.port)};
  for (const fs::path& file : files) words.push_back(file.string());
  return run_program(words);
}

TEST(PacsListen, StoresWhatDcmtkSendsAndAnswersItsEcho) {
  ListeningConsilium listener({"--allow", "STORESCU"});
  const TemporaryFolder folder;
  const auto files = test::write_series(folder.path());
  EXPECT_EQ(storescu(listener, files).code, 0);
  EXPECT_EQ(listener.files().size(), 3U);
  test::expect_same_image(files[0], listener.folder() / "1.2.826.0.1.1" / "1.2.826.0.1.1.1" / "1.2.826.0.1.1.1.1.dcm");
  EXPECT_EQ(run_program({"/usr/bin/echoscu", "-aet", "STORESCU", "-aec", "CONSILIUM", "127.0.0.1", std::to_string(listener.port)}).code, 0);
  EXPECT_EQ(listener.stop(), 0);
}

TEST(PacsListen, TurnsAwayWhoIsNotOnTheListOrCallsAnother) {
  ListeningConsilium listener({"--allow", "FRIEND", "--allow", "OTHER@10.1.2.3"});
  const TemporaryFolder folder;
  const auto files = test::write_series(folder.path(), 1);
  EXPECT_NE(storescu(listener, files, "STRANGER").code, 0);
  EXPECT_NE(storescu(listener, files, "OTHER").code, 0);  // from another address
  EXPECT_NE(run_program({"/usr/bin/echoscu", "-aet", "FRIEND", "-aec", "SOMEBODY", "127.0.0.1", std::to_string(listener.port)}).code, 0);
  EXPECT_EQ(storescu(listener, files, "FRIEND").code, 0);
  EXPECT_EQ(listener.files().size(), 1U);
  ASSERT_TRUE(test::wait_until([&] { return listener.process->out().find("calls another title") != std::string::npos; }, 10));
  EXPECT_THAT(listener.process->out(), HasSubstr("not on the list of callers"));
  const auto refused = pacs({"echo", listener.peer()});  // as CONSILIUM
  EXPECT_EQ(refused.code, 9) << refused.err;
}

TEST(PacsListen, ReplacesNothing) {
  ListeningConsilium listener;
  const TemporaryFolder folder;
  const auto files = test::write_series(folder.path(), 1);
  EXPECT_EQ(pacs({"send", listener.peer(), files[0].string()}).code, 0);
  EXPECT_EQ(pacs({"send", listener.peer(), files[0].string()}).code, 0);  // the same once more
  const std::string first = read_file(listener.files().at(0));
  test::write_dicom(folder.path() / "other.dcm", {.rows = 4, .attributes = {{DCM_PatientID, "4711"}}});  // of the same UID
  const auto other = pacs({"send", listener.peer(), (folder.path() / "other.dcm").string()});
  EXPECT_EQ(other.code, 5);
  EXPECT_THAT(other.err, HasSubstr("another object has its UID"));
  EXPECT_EQ(listener.files().size(), 1U);
  EXPECT_EQ(read_file(listener.files().at(0)), first);
}

TEST(PacsListen, RefusesObjectsBeforeTheDiskIsFull) {
  ListeningConsilium listener({"--allow-any", "--least-free-mb", "1000000000"});
  const TemporaryFolder folder;
  const auto files = test::write_series(folder.path(), 1);
  const Outcome sent = storescu(listener, files);
  EXPECT_THAT(sent.out + sent.err, HasSubstr("OutOfResources"));
  EXPECT_TRUE(listener.files().empty());
  EXPECT_THAT(listener.process->out(), HasSubstr("less disk space is free"));
}

TEST(PacsListen, HalfOpenConnectionsHoldUpNobodyAndEnd) {
  ListeningConsilium listener({"--allow-any", "--timeout", "2"});
  std::vector<int> silent;
  for (int n = 0; n < 5; ++n) silent.push_back(test::connect_to(listener.port));
  const std::string half("\x01\x00\x00\x00\x01\x00half a request", 20);
  EXPECT_GT(::send(silent[0], half.data(), half.size(), MSG_NOSIGNAL), 0);
  const TemporaryFolder folder;
  EXPECT_EQ(storescu(listener, test::write_series(folder.path(), 1)).code, 0);
  for (const int connection : silent) {
    timeval patience{15, 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char byte = 0;
    ssize_t count = 0;
    while ((count = ::recv(connection, &byte, 1, 0)) > 0) {
    }
    EXPECT_TRUE(count == 0 || errno == ECONNRESET) << "still open";
    close(connection);
  }
  EXPECT_EQ(listener.stop(), 0);
  EXPECT_FALSE(fs::exists(listener.folder() / ".incoming"));
}

TEST(PacsListen, WhoComesWhileAllPlacesAreTakenWaits) {
  ListeningConsilium listener({"--allow-any", "--associations", "1", "--timeout", "2"});
  const int silent = test::connect_to(listener.port);  // takes the only place, for two seconds
  const TemporaryFolder folder;
  const auto sent = pacs({"send", listener.peer(), test::write_series(folder.path(), 1)[0].string(), "--timeout", "20"});
  EXPECT_EQ(sent.code, 0) << sent.err;
  close(silent);
}

TEST(PacsListen, GarbageAndBrokenConnectionsLeaveNothingBehind) {
  ListeningConsilium listener;
  for (const std::string& garbage : {std::string(4096, '\0'), std::string("GET / HTTP/1.0\r\n\r\n"), std::string("\x01\x00\xff\xff\xff\xff", 6), std::string("\x04\x00\x00\x00\x10\x00", 6)}) {
    const int connection = test::connect_to(listener.port);
    EXPECT_GT(::send(connection, garbage.data(), garbage.size(), MSG_NOSIGNAL), 0);
    close(connection);
  }
  const TemporaryFolder folder;
  test::write_dicom(folder.path() / "large.dcm", {.instance = "1.2.826.0.1.9", .rows = 2000, .columns = 2000});  // it may come through before the kill: no duplicate of what follows
  for (const int delay_ms : {0, 5, 20, 50}) {
    test::Process sender({"/usr/bin/storescu", "-aec", "CONSILIUM", "-R", "127.0.0.1", std::to_string(listener.port), (folder.path() / "large.dcm").string()});
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    sender.signal(SIGKILL);
    sender.wait();
  }
  const auto sent = storescu(listener, test::write_series(folder.path(), 1));
  EXPECT_EQ(sent.code, 0) << sent.out << sent.err << "\n--\n" << listener.process->err();  // it is well
  EXPECT_EQ(listener.stop(), 0);
  EXPECT_FALSE(fs::exists(listener.folder() / ".incoming"));
}

TEST(PacsListen, NobodyMayCallUnlessItIsSaid) {
  const TemporaryFolder folder;
  const auto nobody = pacs({"listen", "-o", (folder.path() / "x").string(), "--port", "0"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_THAT(nobody.err, HasSubstr("nobody may call"));
}

TEST(PacsSend, DcmtkStoresWhatIsSent) {
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "out");
  const int port = test::free_port();
  test::Process scp({"/usr/bin/storescp", "-od", (folder.path() / "out").string(), std::to_string(port)});
  ASSERT_TRUE(test::wait_until([&] { return test::listens(port); }, 20)) << scp.err();
  test::write_series(folder.path() / "in");
  write_file(folder.path() / "in" / "notes.txt", "no DICOM");
  const auto sent = pacs({"send", "STORESCP@127.0.0.1:" + std::to_string(port), (folder.path() / "in").string()});
  EXPECT_EQ(sent.code, 0) << sent.err;
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path() / "out"), fs::directory_iterator()), 3);
}

TEST(PacsPeer, WhoDoesNotAnswerIsToldFromWhoRefuses) {
  const auto nobody = pacs({"echo", "PACS@127.0.0.1:" + std::to_string(test::free_port()), "--timeout", "3", "--json"});
  EXPECT_EQ(nobody.code, 10) << nobody.err;
  EXPECT_EQ(parse_json(nobody.out, "output").at("error").at("code"), 10);
  EXPECT_EQ(pacs({"echo", "127.0.0.1:104"}).code, 2);
  EXPECT_EQ(pacs({"echo", "A_TITLE_THAT_IS_TOO_LONG@127.0.0.1:104"}).code, 2);
  EXPECT_EQ(pacs({"find", "PACS@127.0.0.1:104", "--key", "NoSuchThing=1"}).code, 2);
  EXPECT_EQ(pacs({"get", "PACS@127.0.0.1:104", "-o", "/nowhere", "--key", "PatientID=1"}).code, 2);
}

/// A certificate of an authority, by the openssl program.
void make_certificate(const fs::path& folder, const std::string& authority, const std::string& name) {
  const auto in = [&](const std::string& file) { return (folder / file).string(); };
  if (!fs::exists(folder / (authority + ".crt"))) {
    ASSERT_EQ(run_program({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", in(authority + ".key"), "-out", in(authority + ".crt"), "-days", "2", "-subj", "/CN=" + authority}).code, 0);
  }
  ASSERT_EQ(run_program({"/usr/bin/openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", in(name + ".key"), "-out", in(name + ".csr"), "-subj", "/CN=" + name}).code, 0);
  ASSERT_EQ(run_program({"/usr/bin/openssl", "x509", "-req", "-in", in(name + ".csr"), "-CA", in(authority + ".crt"), "-CAkey", in(authority + ".key"), "-CAcreateserial", "-out", in(name + ".crt"), "-days", "2"}).code, 0);
}

TEST(PacsTls, BothSidesNeedACertificateOfTheAuthority) {
  const TemporaryFolder folder;
  make_certificate(folder.path(), "hospital", "listener");
  make_certificate(folder.path(), "hospital", "sender");
  make_certificate(folder.path(), "stranger", "intruder");
  const auto tls = [&](const std::string& authority, const std::string& name) {
    return std::vector<std::string>{"--tls-ca", (folder.path() / (authority + ".crt")).string(), "--tls-cert", (folder.path() / (name + ".crt")).string(), "--tls-key", (folder.path() / (name + ".key")).string()};
  };
  std::vector<std::string> words = tls("hospital", "listener");
  words.insert(words.end(), {"--allow-any", "--timeout", "5"});
  ListeningConsilium listener(words);
  const std::string file = test::write_series(folder.path(), 1)[0].string();
  const auto send = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"send", listener.peer(), file, "--timeout", "5"};
    all.insert(all.end(), more.begin(), more.end());
    return pacs(all);
  };
  EXPECT_EQ(pacs({"echo", listener.peer(), "--timeout", "3"}).code, 10);  // in the clear
  EXPECT_TRUE(listener.files().empty());
  std::vector<std::string> intruder{"echo", listener.peer(), "--timeout", "3"};
  const auto strange = tls("stranger", "intruder"), half = tls("hospital", "intruder");
  intruder.insert(intruder.end(), half.begin(), half.end());
  EXPECT_EQ(pacs(intruder).code, 10);
  const auto sent = send(tls("hospital", "sender"));
  EXPECT_EQ(sent.code, 0) << sent.err << listener.process->out();
  EXPECT_EQ(listener.files().size(), 1U);
  const auto mixed = pacs({"echo", listener.peer(), "--tls-ca", strange[1]});
  EXPECT_EQ(mixed.code, 2);
}

}  // namespace
}  // namespace consilium
