#include <fmt/format.h>

#include "base/error.h"
#include "base/settings.h"
#include "pipelines/verify_ledger.h"
#include "tools/verb.h"

namespace consilium::tools {

int cmd_verify(int argc, char** argv) {
  CLI::App app("Is the history of a federation what it was? Checks its ledger offline: signatures, the tree, the heads that sites kept, and the run's own reports and models.", "consilium verify");
  CommonOptions common;
  std::string ledger, keys, copy;
  std::vector<std::string> heads;
  app.add_option("LEDGER", ledger, "a coordinator's folder, a simulation's, a site's, or a ledger.jsonl")->required();
  app.add_option("--head", heads, "heads that a site kept: its folder, or the heads.jsonl in it; as often as there are sites to compare with")->type_name("FILE")->allow_extra_args(false);
  app.add_option("--keys", keys, "the federation's ca.crt, or the folder that holds it: whose certificates count");
  std::uint64_t witnesses = 0;
  app.add_option("--witnesses", witnesses, "sites that must have co-signed the newest head, beside the coordinator; needs --keys (default 0: not asked for)")->type_name("K");
  app.add_option("-o", copy, "also write the ledger as a file")->type_name("FILE");
  bool replays = false;  // the front hands that to the program that trains
  app.add_flag("--replay", replays, "run a simulation anew and compare the model after each round: consilium verify --replay --help");
  add_common(app, common, "consilium verify federation --keys keys --head heads_of_east.jsonl");
  return run_verb(app, argc, argv, common, [&] {
    const fl::LedgerVerdict verdict = pipelines::verify_ledger({ledger, {heads.begin(), heads.end()}, keys, witnesses, copy});
    if (common.json) fmt::print("{}\n", to_json(verdict).dump(2, ' ', false, Json::error_handler_t::replace));
    else fmt::print("{}", pipelines::verdict_text(verdict));
    return static_cast<int>(!verdict.damage.empty() ? ErrorCode::kCorruptData : !verdict.mismatches.empty() ? ErrorCode::kMismatch : ErrorCode{});
  });
}

}  // namespace consilium::tools
