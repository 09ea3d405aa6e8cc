#include <fmt/format.h>

#include <algorithm>

#include "base/files.h"
#include "base/settings.h"
#include "imaging/dicom/scan.h"
#include "imaging/pacs/listen.h"
#include "imaging/pacs/query.h"
#include "imaging/pacs/retrieve.h"
#include "imaging/pacs/send.h"
#include "pipelines/files_below.h"
#include "tools/interrupt.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct PacsWords {
  std::string peer, own_title = "CONSILIUM", level, destination, folder;
  std::vector<std::string> keys, files;
  imaging::PacsTls tls;
  int timeout_seconds = 30;
  imaging::FindOptions find;
  imaging::GetOptions get;
  imaging::ListenOptions listen;
  std::uint64_t least_free_mb = 1024;

  std::optional<imaging::PacsTls> tls_or_none() const {
    if (tls.authority.empty() && tls.certificate.empty() && tls.key.empty()) return std::nullopt;
    require(!tls.authority.empty() && !tls.certificate.empty() && !tls.key.empty(), ErrorCode::kUsage, "TLS needs --tls-ca, --tls-cert and --tls-key");
    return tls;
  }

  imaging::PacsPeer to_peer() const {
    imaging::PacsPeer parsed = imaging::parse_peer(peer);
    parsed.own_title = own_title;
    parsed.tls = tls_or_none();
    parsed.timeout_seconds = timeout_seconds;
    return parsed;
  }

  imaging::PacsQuery to_query() const {
    imaging::PacsQuery query;
    query.level = level == "image" ? imaging::QueryLevel::kImage : level == "series" ? imaging::QueryLevel::kSeries : imaging::QueryLevel::kStudy;
    for (const std::string& key : keys) {
      const std::size_t equals = key.find('=');
      require(equals != std::string::npos && equals > 0, ErrorCode::kUsage, "expected KEYWORD=VALUE, such as PatientID=4711, found \"" + key.substr(0, 64) + "\"");
      query.keys.emplace_back(key.substr(0, equals), key.substr(equals + 1));
    }
    return query;
  }
};

std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

int echo(const PacsWords& words, bool json) {
  imaging::echo(words.to_peer());
  fmt::print("{}\n", json ? dumped({{"schema", "consilium.pacs_echo/1"}, {"answers", true}}) : words.peer + " answers");
  return 0;
}

int find(const PacsWords& words, bool json) {
  const auto found = imaging::find(words.to_peer(), words.to_query(), words.find);
  if (json) {
    fmt::print("{}\n", dumped({{"schema", "consilium.pacs_find/1"}, {"complete", found.is_complete}, {"matches", found.matches}}));
  } else {
    for (const auto& match : found.matches) {
      for (const auto& [keyword, value] : match) fmt::print("{}={}\n", keyword, value);
      fmt::print("\n");
    }
  }
  if (!found.is_complete) fmt::print(stderr, "consilium: warning: more than {} matches; the rest was not asked for\n", words.find.most_matches);
  return found.matches.empty() ? static_cast<int>(ErrorCode::kNotFound) : found.is_complete ? 0 : static_cast<int>(ErrorCode::kPartial);
}

int retrieved(const imaging::Retrieved& result, bool json) {
  if (json) fmt::print("{}\n", dumped({{"schema", "consilium.pacs_retrieve/1"}, {"stored", result.stored}, {"known", result.known}, {"failed", result.failed}, {"problem", result.problem}}));
  if (!json) fmt::print("{} objects, {} known already, {} failed\n", result.stored, result.known, result.failed);
  if (!result.problem.empty()) fmt::print(stderr, "consilium: error: {}\n", result.problem);
  if (result.failed > 0 || !result.problem.empty()) return static_cast<int>(result.stored + result.known > 0 ? ErrorCode::kPartial : ErrorCode::kUnsupported);
  return static_cast<int>(result.stored + result.known > 0 ? 0 : static_cast<int>(ErrorCode::kNotFound));
}

std::vector<fs::path> dicom_files(const std::vector<std::string>& inputs) {
  std::vector<fs::path> files;
  for (const std::string& input : inputs) {
    const bool is_named = !fs::is_directory(input);  // sent, or refused with the reason, whatever it looks like
    for (fs::path& file : pipelines::files_below(input))
      if (is_named || imaging::is_dicom_file(file)) files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end());
  require(!files.empty(), ErrorCode::kNotFound, "no DICOM file to send");
  return files;
}

int send(const PacsWords& words, bool json) {
  const auto sent = imaging::send(words.to_peer(), dicom_files(words.files));
  const auto failed = static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), [](const auto& file) { return !file.problem.empty(); }));
  if (json) {
    Json problems = Json::array();
    for (const auto& file : sent)
      if (!file.problem.empty()) problems.push_back({{"file", file.file.string()}, {"problem", file.problem}});
    fmt::print("{}\n", dumped({{"schema", "consilium.pacs_send/1"}, {"sent", sent.size() - failed}, {"failed", problems}}));
  } else {
    fmt::print("{} of {} objects sent\n", sent.size() - failed, sent.size());
  }
  for (const auto& file : sent)
    if (!file.problem.empty()) fmt::print(stderr, "consilium: error: {}: {}\n", file.file.string(), file.problem);
  return failed == 0 ? 0 : static_cast<int>(failed < sent.size() ? ErrorCode::kPartial : ErrorCode::kUnsupported);
}

int listen(PacsWords& words, bool json) {
  words.listen.title = words.own_title;
  words.listen.tls = words.tls_or_none();
  words.listen.timeout_seconds = words.timeout_seconds;
  words.listen.least_free_bytes = words.least_free_mb << 20;
  imaging::listen(words.folder, words.listen, [&](const imaging::ListenEvent& event) {
    if (json) fmt::print("{}\n", Json{{"event", imaging::to_string(event.kind)}, {"title", event.title}, {"detail", event.detail}}.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!json) fmt::print("{} {} {}\n", imaging::to_string(event.kind), event.title, event.detail);
    std::fflush(stdout);
  }, stop_on_signals());
  return 0;
}

}  // namespace

int cmd_pacs(int argc, char** argv) {
  CLI::App app("Speaks DICOM with a PACS: asks for studies, fetches, sends and receives them (docs/pacs.md).", "consilium pacs");
  CommonOptions common;
  PacsWords words;
  app.require_subcommand(1);
  app.add_option("--title", words.own_title, "our application entity title")->capture_default_str();
  app.add_option("--timeout", words.timeout_seconds, "seconds for connecting, for each answer and each piece of one")->check(CLI::Range(1, 3600))->capture_default_str();
  app.add_option("--tls-ca", words.tls.authority, "TLS: certificates that the other side's must come from (PEM)");
  app.add_option("--tls-cert", words.tls.certificate, "TLS: our certificate");
  app.add_option("--tls-key", words.tls.key, "TLS: its key");
  CLI::App* echo_verb = app.add_subcommand("echo", "does it answer? (C-ECHO)")->fallthrough();
  CLI::App* find_verb = app.add_subcommand("find", "which studies, series or images has it? (C-FIND)")->fallthrough();
  CLI::App* get_verb = app.add_subcommand("get", "fetch them over this connection (C-GET)")->fallthrough();
  CLI::App* move_verb = app.add_subcommand("move", "let it send them to somebody it knows by title (C-MOVE)")->fallthrough();
  CLI::App* send_verb = app.add_subcommand("send", "give it files (C-STORE)")->fallthrough();
  CLI::App* listen_verb = app.add_subcommand("listen", "receive what others send (C-STORE), until it is stopped")->fallthrough();
  for (CLI::App* sub : {echo_verb, find_verb, get_verb, move_verb, send_verb}) sub->add_option("PEER", words.peer, "TITLE@HOST:PORT")->required();
  for (CLI::App* sub : {find_verb, get_verb, move_verb}) {
    sub->add_option("--level", words.level, "study (default), series or image")->check(CLI::IsMember({"study", "series", "image"}));
    sub->add_option("--key", words.keys, "what to look for, as often as needed: PatientID=4711, StudyDate=20240101-20240131")->type_name("KEYWORD=VALUE");
  }
  find_verb->add_option("--most", words.find.most_matches, "matches; then the query is cancelled")->capture_default_str();
  for (CLI::App* sub : {get_verb, listen_verb}) {
    sub->add_option("-o", words.folder, "folder for the files")->required()->type_name("OUT_DIR");
    sub->add_option("--least-free-mb", words.least_free_mb, "refuse objects when less of the disk is free")->capture_default_str();
  }
  move_verb->add_option("--to", words.destination, "title of the destination")->required()->type_name("TITLE");
  send_verb->add_option("FILES", words.files, "DICOM files and folders")->required();
  listen_verb->add_option("--port", words.listen.port, "0: any that is free")->capture_default_str();
  listen_verb->add_option("--address", words.listen.address, "of this machine, IPv4")->capture_default_str();
  listen_verb->add_option("--allow", words.listen.allowed, "who may call, as often as needed: a title, or TITLE@ADDRESS")->type_name("TITLE");
  listen_verb->add_flag("--allow-any", words.listen.allow_any, "everybody may call");
  listen_verb->add_option("--associations", words.listen.most_associations, "at once; who comes later waits")->capture_default_str();
  add_common(app, common,
             "consilium pacs find ORTHANC@127.0.0.1:4242 --key PatientID=4711\n  consilium pacs get ORTHANC@127.0.0.1:4242 --key StudyInstanceUID=1.2.3 -o study\n"
             "  consilium pacs listen --allow MRSCANNER@10.0.0.7 -o incoming");
  return run_verb(app, argc, argv, common, [&] {
    words.get.least_free_bytes = words.least_free_mb << 20;
    if (*echo_verb) return echo(words, common.json);
    if (*find_verb) return find(words, common.json);
    if (*get_verb) return retrieved(imaging::get(words.to_peer(), words.to_query(), words.folder, words.get), common.json);
    if (*move_verb) return retrieved(imaging::move(words.to_peer(), words.to_query(), words.destination), common.json);
    if (*send_verb) return send(words, common.json);
    return listen(words, common.json);
  });
}

}  // namespace consilium::tools
