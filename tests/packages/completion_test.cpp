#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/packages/verbs.h"

namespace consilium {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

/// What bash offers for the last of `words`; the first is the program.
std::vector<std::string> offered(const std::vector<std::string>& words) {
  std::string line = "source " CONSILIUM_SOURCE_DIR "/packaging/completion.bash; COMP_WORDS=(";
  for (const std::string& word : words) line += "'" + word + "' ";
  line += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; _consilium \"${COMP_WORDS[0]}\"; printf '%s\\n' \"${COMPREPLY[@]}\"";
  const test::Outcome outcome = test::run_program({"/bin/bash", "-c", line});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  std::vector<std::string> replies;
  std::istringstream lines(outcome.out);
  for (std::string reply; std::getline(lines, reply);)
    if (!reply.empty()) replies.push_back(reply);
  return replies;
}

TEST(Completion, OffersVerbsSubcommandsAndOptionsOfThisBuild) {
  const std::string program = test::consilium_program();
  for (const std::string& verb : test::verbs_of(program)) EXPECT_THAT(offered({program, ""}), Contains(verb));
  EXPECT_THAT(offered({program, "co"}), UnorderedElementsAre("convert", "coordinate"));
  EXPECT_THAT(offered({program, "keys", "in"}), UnorderedElementsAre("init", "invite"));
  EXPECT_THAT(offered({program, "keys", "init", "--en"}), UnorderedElementsAre("--enrolment"));
  EXPECT_THAT(offered({program, "keys", "init", "keys", "--js"}), UnorderedElementsAre("--json")) << "an option of every subcommand";
  EXPECT_THAT(offered({program, "coordinate", "-"}), testing::AllOf(Contains("--quiet"), Contains("--help"), Contains("-h"), Not(Contains("--enrolment"))));
}

TEST(Completion, LeavesFilesToTheShell) {
  const std::string program = test::consilium_program();
  EXPECT_THAT(offered({program, "coordinate", "coordin"}), IsEmpty());
  EXPECT_THAT(offered({program, "keys", "enrol", "si"}), IsEmpty());
  EXPECT_THAT(offered({program, "no_such_verb", "x"}), IsEmpty());
}

}  // namespace
}  // namespace consilium
