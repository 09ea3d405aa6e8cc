#include "pipelines/local_training.h"

#include <cmath>

#include "base/error.h"

namespace consilium::pipelines {
namespace {

const std::vector<std::pair<std::string, ControlVariates>> kControlWords{{"off", ControlVariates::kOff}, {"mean_gradient", ControlVariates::kMeanGradient}, {"option_2", ControlVariates::kOption2}};

std::string word_of(ControlVariates kind) {
  for (const auto& [word, value] : kControlWords)
    if (value == kind) return word;
  return "off";
}

}  // namespace

void read_local_training(SettingsReader& reader, LocalTraining& s) {
  reader.field("epochs", s.epochs);
  reader.choice("control_variates", s.control_variates, kControlWords);
  reader.field("feddc_alpha", s.feddc_alpha);
  reader.field("ditto_lambda", s.ditto_lambda);
  reader.field("head_share", s.head_share);
  reader.field("loss_batches", s.loss_batches);
  const auto check = [&](bool good, const char* key, const char* expected) { require(good, ErrorCode::kUsage, reader.path() + "." + key + ": expected " + expected); };
  check(s.epochs >= 0 && s.epochs <= 10000, "epochs", "0 to 10000");
  check(std::isfinite(s.feddc_alpha) && s.feddc_alpha >= 0, "feddc_alpha", "a number of at least 0");
  check(std::isfinite(s.ditto_lambda) && s.ditto_lambda >= 0, "ditto_lambda", "a number of at least 0");
  check(s.head_share >= 0 && s.head_share < 1, "head_share", "0 to below 1");
  check(s.loss_batches >= 0 && s.loss_batches <= 10000, "loss_batches", "0 to 10000");
}

Json to_json(const LocalTraining& s) {
  return {{"epochs", s.epochs}, {"control_variates", word_of(s.control_variates)}, {"feddc_alpha", s.feddc_alpha}, {"ditto_lambda", s.ditto_lambda}, {"head_share", s.head_share}, {"loss_batches", s.loss_batches}};
}

void require_consistent(const LocalTraining& s, const models::OptimiserOptions& optimiser, bool has_personal, double proximal_mu, const std::string& path) {
  const bool control = s.control_variates != ControlVariates::kOff, sgd = optimiser.kind == models::OptimiserKind::kSgd;
  const auto refuse_if = [&](bool bad, const std::string& words) { require(!bad, ErrorCode::kUsage, path + "." + words); };
  refuse_if(s.control_variates == ControlVariates::kOption2 && !(sgd && optimiser.momentum == 0),
            "local.control_variates: option_2 takes the way that was gone for the gradient, which is right for plain SGD only (optimiser sgd with momentum 0); use mean_gradient");
  refuse_if(s.feddc_alpha > 0 && !sgd, "local.feddc_alpha: FedDC takes the way that was gone for the gradient, which AdamW rescales; use optimiser sgd");
  refuse_if(control && s.feddc_alpha > 0, "local: control_variates and feddc_alpha correct the same drift twice; use one of them");
  refuse_if(proximal_mu > 0 && (control || s.feddc_alpha > 0), "proximal_mu: with control_variates or feddc_alpha the drift would be corrected twice; use one of them");
  refuse_if(has_personal && (control || s.feddc_alpha > 0), "personal: control_variates and feddc_alpha correct the drift of shared tensors from site to site, and need all of them shared");
  refuse_if(has_personal && s.ditto_lambda > 0, "personal: with ditto_lambda the site has a whole model of its own; use one of them");
  refuse_if(s.head_share > 0 && !has_personal, "local.head_share: FedRep trains the personal tensors first, and there are none; name them in personal");
}

void require_rule_fits(const Json& aggregation, const Json& training, const std::string& path) {
  const auto local = training.find("local");
  const auto has = [&](const char* key, const Json& off) { return local != training.end() && local->is_object() && local->contains(key) && local->at(key) != off; };
  const std::string rule = aggregation.value("rule", "fedavg");
  const bool control = has("control_variates", "off");
  const auto refuse_if = [&](bool bad, const std::string& words) { require(!bad, ErrorCode::kUsage, path + ".aggregation.rule: " + words); };
  refuse_if(rule == "scaffold" && !control, "scaffold needs training.local.control_variates: mean_gradient, or option_2 with plain SGD");
  refuse_if(rule != "scaffold" && control, "training.local.control_variates needs the rule scaffold, which knows how they are added up");
  refuse_if(rule == "qfedavg" && !has("loss_batches", 0), "qfedavg weighs sites by their loss of the global model; set training.local.loss_batches, for example to 8");
  refuse_if(rule != "fedavg" && has("feddc_alpha", 0), "training.local.feddc_alpha needs the rule fedavg: sites work out the mean drift from the mean they get back");
}

void require_noise_fits(const fl::ProtectionSettings& protection, const Json& training, const std::string& path) {
  const bool is_partial = training.is_object() && !training.value("trainable", Json::array()).empty();
  require(!protection.privacy || !is_partial, ErrorCode::kUsage, path + ".protection.privacy: its noise falls on every tensor, also on those that training.trainable leaves as they are; use training.privacy, or train all");
}

bool has_modalities(const Json& training) {
  if (!training.is_object()) return false;
  const Json model = training.value("model", Json::object()), multimodal = model.is_object() ? model.value("multimodal", Json::object()) : Json::object();
  return multimodal.is_object() && !multimodal.value("modalities", Json::array()).empty();
}

void require_topology_fits(fl::Topology topology, const Json& training, const std::string& path) {
  require(topology != fl::Topology::kGossip || !has_modalities(training), ErrorCode::kUsage, path + ".topology: neighbours in gossip mix whole models, so that a site without a modality would count with a stem that it never trained; use swarm, ring, cyclic or a coordinator");
}

}  // namespace consilium::pipelines
