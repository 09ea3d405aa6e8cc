#include "fl/run_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "fl/run_in_process.h"
#include "tests/fl/toy.h"

namespace consilium::fl {
namespace {

using test::toy_model;
using test::toy_settings;
using test::ToyTrainer;

std::vector<std::pair<std::string, Trainer*>> pairs(std::vector<ToyTrainer>& trainers) { return {{"east", &trainers[0]}, {"north", &trainers[1]}, {"west", &trainers[2]}}; }

TEST(RunInProcess, ARunThatWasStoppedGoesOnToTheSameBytes) {
  const TemporaryFolder whole, broken;
  std::vector<ToyTrainer> trainers{{0.1F, 3, 2}, {0.3F, 5, 2}, {-0.2F, 1, 2}};
  const FinishedRun expected = run_in_process(toy_settings(5), toy_model(1), pairs(trainers), whole.path());
  EXPECT_EQ(expected.state.reports.size(), 6U);
  EXPECT_EQ(expected.state.best_round, 2);

  struct Kill {};
  int rounds = 0;
  std::vector<ToyTrainer> again{{0.1F, 3, 2}, {0.3F, 5, 2}, {-0.2F, 1, 2}};
  EXPECT_THROW(run_in_process(toy_settings(5), toy_model(1), pairs(again), broken.path(), [&](const RoundReport&) { if (++rounds == 2) throw Kill(); }), Kill);
  const FinishedRun resumed = run_in_process(toy_settings(5), toy_model(1), pairs(again), broken.path());
  EXPECT_EQ(resumed, expected);
  EXPECT_EQ(again[0].trained, 5);  // no round was trained twice
}

TEST(RunStore, KeepsTheWeightOfAValidationCase) {
  const TemporaryFolder folder;
  Coordinator c(toy_settings(), toy_model(), 0);
  RunStore store(folder.path(), toy_settings());
  store.save(c.state());
  for (const char* site : {"east", "north", "west"}) {
    Update update = test::toy_update(c.plan(), 1, 1);
    update.validation.weight = 0.25;
    c.receive(site, update);
  }
  ASSERT_TRUE(c.advance(1));
  store.save(c.state());
  EXPECT_EQ(store.load(), c.state());
  EXPECT_EQ(store.load()->reports.at(0).sites.at(0).validation.weight, 0.25);
}

/// A coordinator writes a round's model while it still works out the round's report.
TEST(RunStore, AModelThatIsWrittenAheadIsTheOneThatIsSaved) {
  const TemporaryFolder ahead, after;
  for (const TemporaryFolder* folder : {&ahead, &after}) {
    Coordinator c(toy_settings(), toy_model(), 0);
    RunStore store(folder->path(), toy_settings());
    store.save(c.state());
    if (folder == &ahead) c.on_global([&](const ModelState& global, std::int64_t trainings) { store.write_ahead(global, trainings); });
    for (const char* site : {"east", "north", "west"}) c.receive(site, test::toy_update(c.plan(), 1, 1));
    ASSERT_TRUE(c.advance(1));
    store.save(c.state());
    EXPECT_EQ(store.load(), c.state());
  }
  EXPECT_EQ(read_file(ahead.path() / "models" / "global_1.safetensors"), read_file(after.path() / "models" / "global_1.safetensors"));
}

TEST(RunStore, AModelThatCannotBeWrittenAheadEndsTheSave) {
  const TemporaryFolder folder;
  RunStore store(folder.path(), toy_settings());
  const Coordinator c(toy_settings(), toy_model(), 0);
  fs::remove(folder.path() / "models");
  write_file(folder.path() / "models", "in the way");
  store.write_ahead(c.state().global, 0);
  EXPECT_THROW(store.save(c.state()), Error);
}

/// What a rule remembers is part of the checkpoint: else a restart would change the model.
TEST(RunInProcess, ARuleWithMemoryGoesOnToTheSameBytes) {
  FederationSettings settings = toy_settings(4);
  settings.aggregation.rule = AggregationRule::kFedAdam;
  const TemporaryFolder whole, broken;
  std::vector<ToyTrainer> trainers{{0.1F, 3}, {0.3F, 5}, {-0.2F, 1}};
  const FinishedRun expected = run_in_process(settings, toy_model(1), pairs(trainers), whole.path());
  EXPECT_FALSE(expected.state.memory.v.tensors.empty());

  struct Kill {};
  int rounds = 0;
  EXPECT_THROW(run_in_process(settings, toy_model(1), pairs(trainers), broken.path(), [&](const RoundReport&) { if (++rounds == 2) throw Kill(); }), Kill);
  EXPECT_EQ(run_in_process(settings, toy_model(1), pairs(trainers), broken.path()), expected);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(broken.path() / "models")) ++files;
  EXPECT_EQ(files, 3U) << "global, which is the best, and two moments; those of earlier rounds are gone";
}

TEST(RunStore, AFolderOfAnotherFederationIsRefused) {
  const TemporaryFolder folder;
  RunStore(folder.path(), toy_settings(5));
  try {
    RunStore(folder.path(), toy_settings(6));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kMismatch);
    EXPECT_THAT(error.what(), testing::HasSubstr("other settings"));
  }
}

TEST(RunStore, AModelThatWasChangedOnDiskIsNoticed) {
  const TemporaryFolder folder;
  {
    RunStore store(folder.path(), toy_settings());
    store.save(Coordinator(toy_settings(), toy_model(1), 0).state());
  }
  const fs::path file = folder.path() / "models" / "global_0.safetensors";
  std::string bytes = read_file(file);
  bytes[bytes.size() - 2] ^= 1;
  write_file(file, bytes);
  try {
    RunStore(folder.path(), toy_settings()).load();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_THAT(error.what(), testing::HasSubstr("global_0.safetensors"));
  }
}

TEST(RunStore, ADamagedDatabaseIsNamed) {
  const TemporaryFolder folder;
  { RunStore(folder.path(), toy_settings()); }
  write_file(folder.path() / "run.sqlite", std::string(5000, 'x'));
  try {
    RunStore(folder.path(), toy_settings());
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptData);
    EXPECT_THAT(error.what(), testing::HasSubstr("run.sqlite"));
  }
}

}  // namespace
}  // namespace consilium::fl
