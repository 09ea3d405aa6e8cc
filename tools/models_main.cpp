#include <cstdio>
#include <string_view>

#include "tools/verb.h"

/// consilium-models VERB ...: the verbs that train and predict, linked to LibTorch.
int main(int argc, char** argv) {
  using namespace consilium::tools;
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "train") return cmd_train(argc - 1, argv + 1);
  if (verb == "predict") return cmd_predict(argc - 1, argv + 1);
  if (verb == "join") return cmd_join(argc - 1, argv + 1);
  if (verb == "doctor") return cmd_doctor(argc - 1, argv + 1);
  if (verb == "verify") return cmd_replay(argc - 1, argv + 1);
  if (verb == "simulate") return cmd_simulate(argc - 1, argv + 1);
  std::fputs("consilium-models is started by consilium: consilium --help\n", stderr);
  return 2;
}
