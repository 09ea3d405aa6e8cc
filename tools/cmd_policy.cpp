#include <fmt/format.h>

#include "base/files.h"
#include "fl/policy/signed_policy.h"
#include "tools/keys_output.h"
#include "tools/verb.h"

namespace consilium::tools {
namespace {

struct PolicyWords {
  std::string policy, key, signer;
};

constexpr const char* kFilesSchema = "consilium.policy_files/1";

void make_key(const PolicyWords& words, bool json) { print_files({words.key, fl::make_policy_key(words.key)}, json, kFilesSchema); }

void sign(const PolicyWords& words, bool json) {
  fl::sign_policy(words.policy, words.key);
  print_files({fl::signature_file(words.policy)}, json, kFilesSchema);
}

void check(const PolicyWords& words) { fmt::print("{}\n", fl::to_json(fl::read_signed_policy(words.policy, words.signer)).dump(2)); }

}  // namespace

int cmd_policy(int argc, char** argv) {
  CLI::App app("What a hospital demands of every federation: a file that its data-protection officer signs, and that consilium join obeys (docs/policy.md).", "consilium policy");
  CommonOptions common;
  PolicyWords words;
  app.require_subcommand(1);
  CLI::App* key = app.add_subcommand("key", "for the officer: make a key pair, FILE (keep it secret) and FILE with .pub")->fallthrough();
  key->add_option("FILE", words.key, "for the private key, such as officer.key")->required();
  CLI::App* sign_verb = app.add_subcommand("sign", "for the officer: write POLICY.sig beside a policy")->fallthrough();
  CLI::App* check_verb = app.add_subcommand("check", "is it sound, and signed by this key? Prints it with every default")->fallthrough();
  for (CLI::App* sub : {sign_verb, check_verb}) sub->add_option("POLICY", words.policy, "JSON file (docs/formats.md)")->required();
  sign_verb->add_option("--key", words.key, "the officer's private key")->required();
  check_verb->add_option("--signer", words.signer, "the officer's public key")->required();
  add_common(app, common, "consilium policy key officer.key\n  consilium policy sign policy.json --key officer.key\n  consilium policy check policy.json --signer officer.pub");
  return run_verb(app, argc, argv, common, [&] {
    if (*key) make_key(words, common.json);
    if (*sign_verb) sign(words, common.json);
    if (*check_verb) check(words);
    return 0;
  });
}

}  // namespace consilium::tools
