#include "models/state/safetensors.h"
#include "tests/scenario/tiny_federation.h"

namespace consilium {
namespace {

using test::Outcome;
using testing::AllOf;
using testing::HasSubstr;

const std::vector<std::string> kVerbs{"train", "predict", "preprocess", "keys", "coordinate", "join", "simulate", "attack", "doctor"};

class UserErrors : public test::TinyFederation {
 protected:
  void expect(const std::vector<std::string>& words, int code, const std::vector<std::string>& told) const {
    const Outcome outcome = run(words);
    const std::string command = testing::PrintToString(words);
    EXPECT_EQ(outcome.code, code) << command << outcome.err;
    for (const std::string& word : told) EXPECT_THAT(outcome.err, HasSubstr(word)) << command;
    EXPECT_THAT(outcome.err, HasSubstr("consilium: error: ")) << command;
    if (words.size() < 2 || words[0] == "evaluate") return;
    // Machines read the same from standard output.
    std::vector<std::string> for_machines = words;
    for_machines.emplace_back("--json");
    const Outcome json = run(for_machines);
    EXPECT_EQ(json.code, code) << command << json.err;
    ASSERT_TRUE(Json::accept(json.out)) << command << json.out;
    if (code != 8) {
      EXPECT_THAT(json.out, HasSubstr("\"code\": " + std::to_string(code))) << command;
    }
  }
  std::string write(const std::string& name, const std::string& text) const {
    write_file(path(name), text);
    return path(name);
  }
  std::string write(const std::string& name, const Json& json) const { return write(name, json.dump()); }
  /// A path at which nobody, not even root, can write.
  std::string unwritable() const { return write("file", std::string("in the way")) + "/below"; }
  Json train_settings(const Json& with = training(1, 2)) const {
    return {{"sites", {{{"name", "east"}, {"folder", "data/east"}}}}, {"training", with}};
  }
};

TEST_F(UserErrors, EveryVerbHasHelpWithAnExampleAndRefusesWhatItDoesNotKnow) {
  const Outcome front = run({"--help"});
  for (const std::string& verb : kVerbs) {
    EXPECT_THAT(front.out, HasSubstr("  " + verb + " "));
    const Outcome help = run({verb, "--help"});
    EXPECT_EQ(help.code, 0) << verb;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Example:\n  consilium " + verb), HasSubstr("--json"), HasSubstr("--quiet"),
                                HasSubstr("--threads")))
        << verb;
    const Outcome unknown = run({verb, "--no-such-option"});
    EXPECT_EQ(unknown.code, 2) << verb;
    EXPECT_THAT(unknown.err, AllOf(HasSubstr("consilium: error: "), HasSubstr("consilium " + verb + " --help"))) << verb;
  }
}

TEST_F(UserErrors, SettingsFilesThatAreMissingDamagedOrWrong) {
  for (const std::string verb : {"train", "simulate", "coordinate", "join"}) {
    const auto with = [&](const std::string& file) {
      std::vector<std::string> words{verb, file};
      if (verb == "train" || verb == "simulate") words.insert(words.end(), {"-o", path("out")});
      return words;
    };
    expect(with(path("none.json")), 3, {"none.json"});
    expect(with(write("damaged.json", std::string("{\"sites\": ["))), 2, {"damaged.json", "JSON"});
    expect(with(write("list.json", std::string("[]"))), 2, {"list.json", "object"});
    expect(with(write("schema.json", {{"schema", "consilium.other/1"}})), 2, {"schema.json.schema", "consilium.other/1"});
    expect(with(path("")), 3, {"folder"});
    EXPECT_FALSE(fs::exists(path("out"))) << verb;
  }
  expect({"train", write("typo.json", {{"sits", Json::array()}}), "-o", path("out")}, 2, {"typo.json", "did you mean \"sites\""});
  expect({"simulate", write("typo.json", {{"fold", 2}}), "-o", path("out")}, 2, {"did you mean \"folds\""});
  expect({"coordinate",
          write("typo.json", {{"keys", "k"}, {"initial_model", "m"}, {"folder", "f"}, {"sites", {"a"}}, {"qorum", 1}})},
         2, {"did you mean \"quorum\""});
  expect({"join", write("typo.json",
                        {{"name", "a"}, {"coordinator", "h:1"}, {"keys", "k"}, {"data", "d"}, {"folder", "f"}, {"shceme", "x"}})},
         2, {"did you mean \"scheme\""});
}

TEST_F(UserErrors, TrainSaysWhatIsWrongWithCasesAndFolders) {
  test::write_tiny_site(path("data/east"), "east", 2, 1, 1);
  const std::string settings = write("train.json", train_settings());
  expect({"train", settings}, 2, {"-o"});
  expect({"train", write("empty.json", {{"training", training()}}), "-o", path("out")}, 2, {"empty.json.sites"});
  expect({"train", settings, "-o", unwritable()}, 7, {"below", "Not a directory"});
  Json json = train_settings();
  json["sites"][0]["folder"] = "data/nowhere";
  expect({"train", write("a.json", json), "-o", path("out")}, 3, {"data/nowhere"});
  fs::create_directories(path("data/empty"));
  json["sites"][0]["folder"] = "data/empty";
  expect({"train", write("a.json", json), "-o", path("out")}, 3, {"data/empty", "holds no case"});
  json = train_settings();
  json["sites"][0]["scheme"] = "brats2021";
  expect({"train", write("a.json", json), "-o", path("out")}, 6, {"label 3"});
  json = train_settings();
  json["training"]["normalise"]["channels"] = {"T1ce", "PET"};
  expect({"train", write("a.json", json), "-o", path("out")}, 3, {"PET", "FLAIR, T1ce"});
  json = train_settings();
  json["sites"].push_back(json["sites"][0]);
  expect({"train", write("a.json", json), "-o", path("out")}, 2, {"a.json.sites", "twice"});
  ok({"train", settings, "-o", path("out")});
  json = train_settings();
  json["training"]["seed"] = 99;
  expect({"train", write("b.json", json), "-o", path("out")}, 6, {"other settings"});
  write_file(path("data/east/train/east_0/east_0-t1c.nii.gz"), "no image");
  expect({"train", settings, "-o", path("new")}, 4, {"east_0-t1c.nii.gz"});
}

TEST_F(UserErrors, PredictSaysWhatIsWrongWithModelScansAndOutput) {
  test::write_tiny_site(path("data/east"), "east", 2, 1, 1);
  ok({"train", write("train.json", train_settings()), "-o", path("run")});
  const std::string model = path("run/model.safetensors"), scans = path("data/east/test");
  expect({"predict", "-m", model, scans}, 2, {"-o"});
  expect({"predict", "-m", path("none"), scans, "-o", path("out")}, 3, {"none"});
  expect({"predict", "-m", write("text", std::string("words")), scans, "-o", path("out")}, 4, {"text"});
  write_safetensors(path("plain"), read_safetensors(model).state);
  expect({"predict", "-m", path("plain"), scans, "-o", path("out")}, 5, {"plain", "a model that consilium wrote"});
  const std::string bytes = read_file(model);
  expect({"predict", "-m", write("half", bytes.substr(0, bytes.size() / 2)), scans, "-o", path("out")}, 4, {"half"});
  expect({"predict", "-m", model, path("nowhere"), "-o", path("out")}, 3, {"nowhere"});
  fs::create_directories(path("empty"));
  expect({"predict", "-m", model, path("empty"), "-o", path("out")}, 3, {"holds no case"});
  expect({"predict", "-m", model, scans, "-o", unwritable()}, 7, {"below"});
  expect({"predict", "-m", model, scans, "-o", path("out"), "--scheme", "brats22"}, 2, {"brats22", "brats2021"});
  expect({"predict", "-m", model, scans, "-o", path("out"), "--scheme", "binary"}, 6, {"--scheme binary"});
  EXPECT_FALSE(fs::exists(path("out"))) << "nothing was made for what could not be done";
  ok({"predict", "-m", model, scans, "-o", path("out")});
  expect({"predict", "-m", model, scans, "-o", path("out")}, 7, {"east_2.nii.gz", "--overwrite"});
  fs::remove(path("out/east_2.nii.gz"));
  expect({"predict", "-m", model, scans, "-o", path("out")}, 7, {"east_2.json", "--overwrite"});
  ok({"predict", "-m", model, scans, "-o", path("out"), "--overwrite"});
  // A model of other channels.
  Json json = train_settings();
  json["training"]["normalise"]["channels"] = {"T1ce"};
  ok({"train", write("one.json", json), "-o", path("one")});
  fs::remove(path("data/east/test/east_2/east_2-t1c.nii.gz"));
  expect({"predict", "-m", path("one/model.safetensors"), scans, "-o", path("out2")}, 3, {"east_2", "no T1ce image", "FLAIR"});
  // One of several fails: the others are done, and the code says so.
  const Outcome partial = run({"predict", "-m", model, path("data/east"), "-o", path("out3"), "--json"});
  EXPECT_EQ(partial.code, 8);
  EXPECT_TRUE(fs::exists(path("out3/east_0.nii.gz")));
  const Json cases = parse_json(partial.out, "output")["cases"];
  ASSERT_EQ(cases.size(), 3U);
  EXPECT_EQ(cases[2]["error"]["code"], 3);
}

TEST_F(UserErrors, AttackSaysWhatIsWrong) {
  test::write_tiny_site(path("data/east"), "east", 2, 1, 1);
  Json simulation{{"data", "data"}, {"sites", {{{"name", "east"}}, {{"name", "west"}}, {{"name", "north"}}}}, {"training", training(1, 2)}};
  const auto poison = [&](const Json& json) { return std::vector<std::string>{"attack", "poison", write("attack.json", json), "-o", path("out")}; };
  expect({"attack", "--json"}, 2, {"subcommand"});
  expect({"attack", "poison", path("none.json"), "-o", path("out")}, 3, {"none.json"});
  expect(poison({{"simulation", simulation}}), 2, {"attack.json", "attackers"});
  expect(poison({{"simulation", simulation}, {"attackers", {"south"}}}), 2, {"attack.json.attackers", "south"});
  expect(poison({{"simulation", simulation}, {"attackers", {"east"}}, {"attacks", {{{"kind", "sign_flop"}}}}}), 2, {"attacks[0].kind", "sign_flip"});
  expect(poison({{"simulation", simulation}, {"attackers", {"east"}}}), 3, {"west"});
  simulation["attackers"] = {"east"};
  expect({"simulate", write("simulation.json", simulation), "-o", path("out2")}, 2, {"simulation.json", "attackers"});
  ok({"train", write("train.json", train_settings()), "-o", path("run")});
  const std::string model = path("run/model.safetensors"), east = path("data/east");
  expect({"attack", "adversarial", "-m", path("none"), east, "-o", path("out3")}, 3, {"none"});
  expect({"attack", "adversarial", "-m", model, east, "-o", path("out3"), "--eps", "-1"}, 2, {"eps"});
  expect({"attack", "adversarial", "-m", model, east, "-o", path("out3"), "--split", "half"}, 2, {"split"});
  expect({"attack", "adversarial", "-m", model, east, "-o", unwritable()}, 7, {"below"});
  expect({"attack", "membership", "-m", model, path("nowhere"), "-o", path("out3")}, 3, {"nowhere"});
  expect({"attack", "membership", "-m", model, east, "-o", path("out3"), "--scheme", "brats22"}, 2, {"brats22"});
  expect({"attack", "invert", east, "-o", path("out3")}, 3, {"holds 3 cases"});
  expect({"attack", "invert", east, "-o", path("out3"), "--size", "7"}, 2, {"size"});
  expect({"attack", "invert", east, "-o", path("out3"), "--channel", "PET"}, 3, {"PET"});
}

TEST_F(UserErrors, PreprocessSaysWhatIsWrong) {
  test::write_tiny_site(path("data"), "p", 2, 0, 1);
  const auto preprocess = [&](std::vector<std::string> more) {
    const std::vector<std::string> words{"preprocess", path("data"), "--channels", "T1ce,FLAIR", "-o", path("ready")};
    more.insert(more.begin(), words.begin(), words.end());
    return more;
  };
  expect(preprocess({}), 2, {"--preset"});
  expect(preprocess({"--preset", "brat"}), 2, {"brat"});
  expect(preprocess({"--preset", "brats", "--spacing", "1", "1"}), 2, {"--spacing"});
  expect(preprocess({"--preset", "brats", "--spacing", "1", "1", "-1"}), 2, {"spacing_mm"});
  expect(preprocess({"--preset", "brats", "--spacing", "1", "1", "0.000001"}), 2, {"spacing_mm"});
  expect(preprocess({"--preset", "brats", "--scheme", "nobody"}), 2, {"nobody"});
  EXPECT_FALSE(fs::exists(path("ready")));
  expect({"preprocess", path("data"), "--preset", "brats", "-o", path("four")}, 8, {"no T1 image"});
  expect({"preprocess", path("nowhere"), "--preset", "brats", "-o", path("four")}, 3, {"nowhere"});
  expect({"preprocess", path("data"), "--preset", "brats", "-o", unwritable()}, 7, {"below"});
  const Outcome done = run(preprocess({"--preset", "brats", "--spacing", "3", "3", "3", "--json"}));
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(parse_json(done.out, "output")["cases"][0]["spacing_mm"], Json({3.0, 3.0, 3.0}));
  EXPECT_EQ(imaging::inspect_nifti(path("ready/p_1/p_1_FLAIR.nii.gz")).geometry,
            imaging::inspect_nifti(path("ready/p_1/p_1_labels.nii.gz")).geometry);
  expect(preprocess({"--preset", "brats"}), 8, {"p_0", "--overwrite"});
}

TEST_F(UserErrors, KeysSaysWhatIsWrongAndReplacesNothing) {
  const std::string keys = path("keys");
  expect({"keys"}, 2, {"subcommand"});
  expect({"keys", "issue", keys, "east"}, 3, {"ca.key", "consilium keys init"});
  expect({"keys", "list", keys}, 3, {"keys"});
  const Outcome made = run({"keys", "init", keys, "--json"});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(parse_json(made.out, "output")["certificates"][0]["role"], "authority");
  const std::string authority = read_file(keys + "/ca.key");
  expect({"keys", "init", keys}, 7, {"holds an authority already"});
  EXPECT_EQ(read_file(keys + "/ca.key"), authority);
  expect({"keys", "issue", keys, "hub", "--role", "coordinator"}, 2, {"hosts"});
  expect({"keys", "issue", keys, "../east"}, 2, {"../east"});
  expect({"keys", "issue", keys, "ca"}, 2, {"\"ca\""});
  expect({"keys", "issue", keys, "east", "--role", "sight"}, 2, {"sight"});
  expect({"keys", "issue", keys, "east", "--days", "many"}, 2, {"--days"});
  expect({"keys", "issue", keys, "east", "--days", "0"}, 2, {"--days"});
  expect({"keys", "issue", keys, "east", "--days", "100000"}, 2, {"days"});
  EXPECT_FALSE(fs::exists(keys + "/east.crt"));
  ok({"keys", "issue", keys, "east"});
  const std::string key = read_file(keys + "/east.key");
  expect({"keys", "issue", keys, "east"}, 7, {"has a certificate already"});
  EXPECT_EQ(read_file(keys + "/east.key"), key);
  expect({"keys", "init", unwritable()}, 7, {"below"});
  write_file(keys + "/odd.crt", "no certificate");
  expect({"keys", "list", keys}, 4, {"odd.crt"});
}

TEST_F(UserErrors, CoordinateAndJoinSayWhatIsWrong) {
  make({"east", "west"}, training(1, 2));
  const auto hub_with = [&](const Json& changes) {
    Json json = hub_settings();
    json.update(changes);
    return std::vector<std::string>{"coordinate", write("h.json", json)};
  };
  expect(hub_with({{"initial_model", "nowhere"}}), 3, {"nowhere"});
  expect(hub_with({{"keys", "nowhere"}}), 3, {"nowhere"});
  write_safetensors(path("plain"), read_safetensors(path("start/initial.safetensors")).state);
  expect(hub_with({{"initial_model", "plain"}}), 5, {"plain"});
  expect(hub_with({{"folder", fs::relative(unwritable(), path("")).string()}}), 7, {"below"});
  expect(hub_with({{"listen", "203.0.113.1:7443"}}), 10, {"203.0.113.1:7443"});  // an address of no machine (RFC 5737)
  expect(hub_with({{"quorum", 3}}), 2, {"quorum"});

  const auto site_with = [&](const Json& changes) {
    Json json = site_settings("east");
    json.update(changes);
    return std::vector<std::string>{"join", write("s.json", json)};
  };
  expect(site_with({{"give_up_seconds", 0.3}}), 10, {"address", "no coordinator"});
  expect(site_with({{"coordinator", "localhost:1"}, {"give_up_seconds", 0.3}}), 10, {"no contact", "localhost:1"});
  expect(site_with({{"keys", "nowhere"}, {"coordinator", "localhost:1"}}), 3, {"nowhere"});
  auto hub = coordinator();
  ASSERT_TRUE(test::wait_until([&] { return fs::exists(path("hub/address")); })) << hub->err();
  expect(hub_with({{"listen", read_file(path("hub/address")).substr(0, read_file(path("hub/address")).size() - 1)},
                   {"folder", "second"}}),
         10, {"cannot listen"});
  expect(hub_with({{"sites", {"east"}}}), 7, {"another consilium process"});
  expect(site_with({{"data", "nowhere"}}), 3, {"nowhere"});
  expect(site_with({{"folder", fs::relative(unwritable(), path("")).string()}}), 7, {"below"});
  write("state/east/task.json", std::string("{}"));
  expect(site_with(Json::object()), 6, {"another federation"});
  EXPECT_TRUE(hub->running()) << hub->err();
  hub.reset();
  expect(hub_with({{"sites", {"east"}}}), 6, {"other settings"});
}

TEST_F(UserErrors, SimulateSaysWhatIsWrongBeforeItTrains) {
  for (const char* name : {"east", "west"}) test::write_tiny_site(path(std::string("data/") + name), name, 2, 1, 1);
  const Json settings{{"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(1, 2)}};
  const std::string file = write("simulation.json", settings);
  expect({"simulate", file, "-o", path("run")}, 2, {"\"data\" is missing", "--data"});
  expect({"simulate", file, "--data", path("nowhere"), "-o", path("run")}, 3, {"nowhere"});
  expect({"simulate", file, "--data", path("data"), "-o", unwritable()}, 7, {"below"});
  EXPECT_FALSE(fs::exists(path("run")));
  fs::rename(path("data/west"), path("data/elsewhere"));
  expect({"simulate", file, "--data", path("data"), "-o", path("run1")}, 3, {"data/west"});
  fs::rename(path("data/elsewhere"), path("data/west"));
  fs::remove(path("data/west/test/west_2/west_2-seg.nii.gz"));
  expect({"simulate", file, "--data", path("data"), "-o", path("run2")}, 3, {"west_2", "no labels"});
  fs::remove_all(path("data/east/test"));
  fs::remove_all(path("data/west/test"));
  expect({"simulate", file, "--data", path("data"), "-o", path("run3")}, 3, {"\"test\"", "folds"});
  for (const char* run : {"run1", "run2", "run3"}) EXPECT_FALSE(fs::exists(path(run) + "/models")) << run;
  Json other = settings;
  other["training"]["seed"] = 99;
  expect({"simulate", write("other.json", other), "--data", path("data"), "-o", path("run3")}, 6, {"other settings"});
}

TEST_F(UserErrors, ADeviceThatIsUnknownOrNotThereIsRefusedBeforeAnythingIsMade) {
  const std::string single = write("training.json", train_settings());
  const std::string several = write("simulation.json", {{"sites", {{{"name", "east"}}, {{"name", "west"}}}}, {"training", training(1, 2)}});
  fs::create_directories(path("data"));
  const std::string site = write("site.json", {{"name", "east"}, {"coordinator", "localhost:1"}, {"keys", "keys"}, {"data", "data"}, {"folder", "out"}});
  const std::vector<std::vector<std::string>> commands{{"train", single, "-o", path("out")}, {"simulate", several, "--data", path("data"), "-o", path("out")}, {"join", site}};
  for (std::vector<std::string> words : commands) {
    words.insert(words.end(), {"--device", "gpu"});
    expect(words, 2, {"expected cpu, cuda, cuda:N or auto", "\"gpu\""});
    words.back() = "cuda:127";
    expect(words, 5, {"cuda:127"});
    EXPECT_FALSE(fs::exists(path("out"))) << words[0];
  }
}

TEST_F(UserErrors, DoctorTellsWhatTheMachineOffers) {
  const Outcome people = run({"doctor"});
  EXPECT_EQ(people.code, 0) << people.err;
  EXPECT_THAT(people.out, AllOf(HasSubstr("threads"), HasSubstr("LibTorch"), HasSubstr("OpenBLAS"), HasSubstr("bfloat16"),
                                HasSubstr("CUDA")));
  const Outcome machines = run({"doctor", "--json"});
  const Json json = parse_json(machines.out, "output");
  EXPECT_EQ(json["schema"], "consilium.doctor/1");
  EXPECT_GE(json["threads"].get<int>(), 1);
}

}  // namespace
}  // namespace consilium
