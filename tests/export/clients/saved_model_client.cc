// Loads a SavedModel the way TensorFlow Serving does, without Python, and holds its answers against
// expected ones.
//
//   saved_model_client MODEL CASES TOLERANCE
//
// MODEL is a version folder. CASES has, for each signature, serialized TensorProtos, as a client sends
// them and a server answers with them:
//
//   CASES/SIGNATURE/inputs/NAME     what is sent
//   CASES/SIGNATURE/outputs/NAME    what must come back: float within TOLERANCE units, all else exactly
//   CASES/SIGNATURE/units/NAME      doubles, what deviations of that output are measured in: one for all
//                                   entries, or one for each entry of the last axes
//
// Prints the largest deviation of each output. Exit status: 0 if all agree, 1 if not, 2 if a model or a
// case cannot be read or run.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensorflow/cc/saved_model/loader.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/framework/tensor.pb.h"
#include "tensorflow/core/public/session.h"
#include "tensorflow/core/public/session_options.h"

namespace {

namespace fs = std::filesystem;
namespace tf = tensorflow;

using Tensors = std::map<std::string, tf::Tensor>;

constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Case {
  Tensors inputs;
  Tensors outputs;
  Tensors units;
};

tf::Tensor ReadTensor(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  tf::TensorProto proto;
  tf::Tensor tensor;
  if (!file || !proto.ParseFromString(content) || !tensor.FromProto(proto)) {
    throw std::runtime_error("expected a serialized TensorProto in " + path.string());
  }
  return tensor;
}

Tensors ReadTensors(const fs::path& folder) {
  Tensors found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    found.emplace(entry.path().filename(), ReadTensor(entry.path()));
  }
  return found;
}

Case ReadCase(const fs::path& folder) {
  return {ReadTensors(folder / "inputs"), ReadTensors(folder / "outputs"), ReadTensors(folder / "units")};
}

template <typename Key, typename Value>
std::set<std::string> Names(const std::map<Key, Value>& named) {
  std::set<std::string> names;
  for (const auto& [name, value] : named) names.insert(name);
  return names;
}

tf::SavedModelBundleLite Load(const std::string& folder) {
  tf::SessionOptions options;
  options.config.mutable_graph_options()->mutable_optimizer_options()->set_global_jit_level(
      tf::OptimizerOptions::OFF);
  tf::SavedModelBundleLite bundle;
  const auto status = tf::LoadSavedModel(options, {}, folder, {"serve"}, &bundle);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return bundle;
}

// Inputs and outputs go through the SignatureDef: clients know their names, and no node of the graph.
Tensors Run(tf::Session& session, const tf::SignatureDef& signature, const Tensors& sent) {
  std::vector<std::pair<std::string, tf::Tensor>> feeds;
  for (const auto& [name, info] : signature.inputs()) feeds.emplace_back(info.name(), sent.at(name));
  std::vector<std::string> names, fetches;
  for (const auto& [name, info] : signature.outputs()) {
    names.push_back(name);
    fetches.push_back(info.name());
  }
  std::vector<tf::Tensor> answers;
  const auto status = session.Run(feeds, fetches, {}, &answers);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  Tensors found;
  for (std::size_t i = 0; i < names.size(); ++i) found.emplace(names[i], answers[i]);
  return found;
}

// The largest difference of two entries in units. Entries that are equal, or both NaN, differ by 0; one
// NaN, or any difference of integers and strings, counts as infinite.
template <typename T>
double Largest(const tf::Tensor& expected, const tf::Tensor& got, const tf::Tensor& units) {
  const auto one = expected.flat<T>(), other = got.flat<T>();
  const auto unit = units.flat<double>();
  double largest = 0;
  for (Eigen::Index i = 0; i < one.size(); ++i) {
    if (one(i) == other(i)) continue;
    double deviation = kInfinite;
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(one(i)) && std::isnan(other(i))) continue;
      const double difference = std::abs(static_cast<double>(one(i)) - static_cast<double>(other(i)));
      if (!std::isnan(difference)) deviation = difference / unit(i % unit.size());
    }
    largest = std::max(largest, deviation);
  }
  return largest;
}

double Deviation(const tf::Tensor& expected, const tf::Tensor& got, const tf::Tensor& units) {
  if (expected.dtype() != got.dtype() || expected.shape() != got.shape()) return kInfinite;
  switch (expected.dtype()) {
    case tf::DT_UINT8: return Largest<tf::uint8>(expected, got, units);
    case tf::DT_INT32: return Largest<tf::int32>(expected, got, units);
    case tf::DT_INT64: return Largest<tf::int64>(expected, got, units);
    case tf::DT_FLOAT: return Largest<float>(expected, got, units);
    case tf::DT_DOUBLE: return Largest<double>(expected, got, units);
    case tf::DT_STRING: return Largest<tf::tstring>(expected, got, units);
    default: throw std::runtime_error("no comparison for " + tf::DataTypeString(expected.dtype()));
  }
}

bool Check(tf::Session& session, const std::string& name, const tf::SignatureDef& signature,
           const Case& one, double tolerance) {
  const Tensors answers = Run(session, signature, one.inputs);
  bool agrees = Names(answers) == Names(one.outputs);
  if (!agrees) std::cout << name << ": the outputs are not those expected\n";
  for (const auto& [output, got] : answers) {
    const auto expected = one.outputs.find(output);
    if (expected == one.outputs.end()) continue;
    const double deviation = Deviation(expected->second, got, one.units.at(output));
    const bool within = deviation <= tolerance;
    std::cout << name << ' ' << output << ' ' << tf::DataTypeString(got.dtype()) << ' ' << deviation
              << (within ? "\n" : " DIFFERS\n");
    agrees = agrees && within;
  }
  return agrees;
}

bool CheckAll(const std::string& model, const fs::path& folder, double tolerance) {
  std::map<std::string, Case> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    cases.emplace(entry.path().filename(), ReadCase(entry.path()));
  }
  const tf::SavedModelBundleLite bundle = Load(model);
  std::map<std::string, tf::SignatureDef> signatures(bundle.GetSignatures().begin(),
                                                     bundle.GetSignatures().end());
  signatures.erase("__saved_model_init_op");
  if (Names(signatures) != Names(cases)) throw std::runtime_error("expected a case for each signature");
  bool agrees = true;
  for (const auto& [name, signature] : signatures) {
    agrees = Check(*bundle.GetSession(), name, signature, cases.at(name), tolerance) && agrees;
  }
  return agrees;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: saved_model_client MODEL CASES TOLERANCE\n";
    return 2;
  }
  try {
    return CheckAll(argv[1], argv[2], std::stod(argv[3])) ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
